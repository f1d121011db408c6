import {type CallOptions, type InstanceProvider, isAbort, type Service} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {loadNamed} from '../apply/load.ts'
import {locked} from '../apply/run.ts'
import {checkServices, type HealthReport, type Prober, reportOf} from '../status/health.ts'
import {type Overview, observeAll} from '../status/overview.ts'
import {leftElsewhere, leftText} from './failover-left.ts'
import {splitBrain, splitText} from './failover-split.ts'
import {checkMachines, type InstanceHealth, type MachineQuestion, type WantedInstance} from './health.ts'
import {mustBeKnown, type RecoverOptions, recover, recoveryOf} from './recover.ts'
import {memoryKey, noteWish, readMemory} from './recover-memory.ts'

export interface HealthQuestion extends CallOptions {
  /** Files of the plan that says what should be there. */
  readonly plan?: readonly string[] | undefined
  /** Only these machines, and no services. */
  readonly machines?: readonly string[] | undefined
  readonly servicesOnly?: boolean | undefined
  readonly progress: RecoverOptions['progress']
}

/** The instances that files name. */
export async function plannedInstances(files: readonly string[]): Promise<readonly WantedInstance[]> {
  const {resources} = await loadNamed({files})
  return resources.flatMap(({kind, spec, origin}) =>
    kind === 'instance' ? [{spec, file: `${origin.file}:${origin.line}`}] : [],
  )
}

/** Engines, services and machines at one moment; changes nothing. */
export async function checkAll(session: Session, question: HealthQuestion): Promise<HealthReport> {
  const asked = await ask(session, question)
  return report(asked, question)
}

/**
 * The same; then what should run and does not is started, and looked at again. What `omni stop` stopped, and what nobody
 * says should run, is left alone; machines that are named are started in any case. LOCKED while another command changes
 * things: what is stopped then may be in the middle of a rebuild.
 */
export async function recoverAll(session: Session, question: HealthQuestion): Promise<HealthReport> {
  const before = await ask(session, question)
  const {provider, plan} = before
  const isNamed = question.machines !== undefined
  const needy = before.instances.map((one) => (isNamed ? asWanted(one) : one))
  if (provider === undefined || needy.every((one) => recoveryOf(one) === undefined)) {
    return report({...before, recovered: []}, question)
  }
  const {progress, signal} = question
  const recovered = await locked(session, 'omni health --recover', () =>
    recover(provider, needy, {progress, plan, signal}),
  )
  return report({...(await ask(session, question)), recovered}, question)
}

/** Whoever names a machine wants it to run. */
const asWanted = (machine: InstanceHealth): InstanceHealth =>
  machine.status === 'stopped' ? {...machine, wanted: 'running', healthy: false} : machine

interface Asked extends Pick<HealthReport, 'engines' | 'services' | 'instances' | 'recovered'> {
  readonly provider?: InstanceProvider | undefined
  readonly plan?: readonly WantedInstance[] | undefined
}

async function ask(session: Session, question: HealthQuestion): Promise<Asked> {
  const {signal, machines: names} = question
  const plan = question.plan === undefined ? undefined : await plannedInstances(question.plan)
  const {engines, services, instances} = await observeAll(session, {signal})
  const isOfServices = ({kind}: Overview['engines'][number]) => kind === 'service'
  if (question.servicesOnly === true) {
    const silent = engines.filter((one) => isOfServices(one) && !one.ok)
    return {
      engines: silent,
      services: await checkServices(services, await prober(session, services), {signal}),
      instances: [],
    }
  }
  const engine = engines.find(({kind}) => kind === 'instance')
  const isNeeded = names !== undefined || (plan !== undefined && plan.length > 0)
  // Says why there is none.
  if (engine === undefined && isNeeded) await session.open('instance')
  const provider = engine?.ok === true ? await session.open('instance').catch(orAbort) : undefined
  const memory = await readMemory(session)
  if (provider !== undefined) await forgetRunning(session, provider, {instances, memory})
  const split = provider && (await otherHomes(session, provider, {instances, plan, signal}))
  const asked: MachineQuestion | undefined = provider && {provider, instances, memory, plan, split, names}
  const [probed, machines] = await Promise.all([
    names === undefined ? prober(session, services).then((by) => checkServices(services, by, {signal})) : [],
    asked === undefined ? [] : checkMachines(asked, {signal}),
  ])
  if (engine?.ok === true) mustBeKnown(names, machines)
  // Who asks for machines alone is not told of the engine of services.
  const told = names === undefined ? engines : engines.filter((one) => !isOfServices(one))
  return {engines: told, services: probed, instances: machines, provider, plan}
}

/** Who is asked about the services; nobody without any. */
const prober = async (session: Session, services: readonly Service[]): Promise<Prober> =>
  services.length === 0 ? {} : session.open('service')

/** Machines that live elsewhere, too, or only there: by name. */
async function otherHomes(
  session: Session,
  provider: InstanceProvider,
  {instances, plan = [], signal}: Pick<MachineQuestion, 'instances' | 'plan'> & CallOptions,
): Promise<NonNullable<MachineQuestion['split']>> {
  const split = await splitBrain(session, provider, {signal})
  const specs = plan.map(({spec}) => spec)
  const left = specs.length === 0 ? [] : await leftElsewhere(session, provider, specs, {signal})
  const absent = [...left].filter(([name]) => !instances.some((instance) => instance.name === name))
  return new Map([
    ...absent.map(([name, one]) => [name, {reason: leftText(one), otherHome: one.from}] as const),
    ...[...split].map(([name, one]) => [name, {reason: splitText(one), otherHome: one.other}] as const),
  ])
}

/** Who was stopped on purpose and runs again, by whatever hand, should run from now on. */
async function forgetRunning(
  session: Session,
  driver: InstanceProvider,
  {instances, memory}: Pick<MachineQuestion, 'instances' | 'memory'>,
): Promise<void> {
  const running = instances.filter(
    ({name, status}) => status === 'running' && memory.stopped[memoryKey({provider: driver.name, name})] !== undefined,
  )
  await noteWish(
    session,
    'start',
    running.map(({name}) => ({kind: 'instance', name, driver})),
  )
}

function orAbort(error: unknown): undefined {
  if (isAbort(error)) throw error
  return undefined
}

function report({engines, services, instances, recovered}: Asked, {plan}: HealthQuestion): HealthReport {
  return reportOf({engines, services, instances, recovered}, plan?.join(' '))
}
