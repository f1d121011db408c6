import type {HealthReport} from './health.ts'

/** A command that helps, and what for. */
export interface Advice {
  readonly command: string
  readonly why: string
}

/** What a person could do about what is not well: engines first, then what is missing, stopped, not ready. */
export function adviceFor(
  {engines, services, instances}: Pick<HealthReport, 'engines' | 'services' | 'instances'>,
  plan: string | undefined,
): readonly Advice[] {
  const split = Map.groupBy(
    instances.filter(({otherHome}) => otherHome !== undefined),
    ({otherHome}) => otherHome,
  )
  const bad = instances.filter(({healthy, otherHome}) => !healthy && otherHome === undefined)
  const named = (test: (machine: (typeof bad)[number]) => boolean) => bad.filter(test).map(({name}) => name)
  const absent = named(({status}) => status === 'absent')
  const down = named(({status}) => status !== 'absent' && status !== 'running')
  const unready = named(({status}) => status === 'running')
  const from = plan === undefined ? '' : ` --plan ${plan}`
  return [
    ...engines.flatMap(({id, ok, hint}) => (ok || hint === undefined ? [] : [{command: hint, why: `for ${id}`}])),
    ...[...split].map(([id, machines]) => ({
      command: `omni get instances --provider ${id}`,
      why: `the other home of ${machines.map(({name}) => name).join(', ')}`,
    })),
    ...(absent.length === 0 ? [] : [{command: `omni apply ${plan ?? 'FILE'}`, why: `makes ${absent.join(', ')}`}]),
    ...(down.length === 0 ? [] : [{command: `omni health${from} --recover`, why: `starts ${down.join(', ')}`}]),
    ...unready.map((name) => ({command: `omni logs ${name}`, why: 'why it is not ready'})),
    ...services
      .filter(({healthy}) => !healthy)
      .map(({name}) => ({command: `omni logs ${name}`, why: 'why it is not well'})),
  ]
}
