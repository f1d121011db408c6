import {OmniError, type Service, type ServiceEngine, type ServingChange} from '@omni-cli/sdk'
import type {BaseCommand, View} from '@omni-cli/sdk/cli'
import {actOnEach} from '../apps/act.ts'
import {actView} from '../apps/service-view.ts'
import {type DeployModelOptions, waiting} from './deploy.ts'
import {openServing} from './facet.ts'
import {refuseNothing} from './update.ts'

export interface Choice {
  readonly labels: Readonly<Record<string, string>> | undefined
  readonly all: boolean
}

/** Served models with the labels, or all of them. NOT_FOUND when there are none. */
export async function chooseServed(
  engine: ServiceEngine,
  {labels, all}: Choice,
  options: {readonly signal: AbortSignal},
): Promise<Service[]> {
  if ((labels === undefined) === !all) {
    throw new OmniError('USAGE', 'which services? --label KEY=VALUE, or --all', {
      hint: 'omni get services --output wide',
    })
  }
  const has = ({spec}: Service) => Object.entries(labels ?? {}).every(([key, value]) => spec.labels[key] === value)
  const found = (await engine.list({...options, labels})).filter(
    (service) => service.serving !== undefined && has(service),
  )
  if (found.length > 0) return found
  const wanted = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  throw new OmniError(
    'NOT_FOUND',
    `no service that serves a model ${all ? 'is there' : `has the label ${wanted.join(', ')}`}`,
    {
      hint: 'omni get services --output wide',
    },
  )
}

/** One change for many: shown, asked for once, done in parallel; PARTIAL tells what was done and what was not. */
export async function updateMany(
  command: BaseCommand,
  {choice, change}: {readonly choice: Choice; readonly change: ServingChange},
  options: DeployModelOptions,
): Promise<View | undefined> {
  refuseNothing(change)
  const session = await command.session()
  const {signal} = command
  const engine = await session.open('service')
  const chosen = await chooseServed(engine, choice, {signal})
  const names = chosen.map(({name}) => name)
  const stops = isStop(change)
  const text = `${stops ? 'stop' : 'update'} ${names.length} ${names.length === 1 ? 'service' : 'services'}: ${names.join(', ')}`
  if (options.dryRun) return actView(chosen, 'would change')
  if (!(await command.confirm(`${text}?`, options))) {
    command.notice('nothing was changed')
    return undefined
  }
  const serving = await openServing(session)
  const progress = await command.progress()
  const changed = await actOnEach(new Map(chosen.map((service) => [service.name, service])), ({name}) =>
    progress.step(`${stops ? 'stop' : 'update'} ${name}`, (step) => {
      const call = {signal, onProgress: (note: string) => step.note(note)}
      return stops ? engine.stop(name, call) : serving.update(name, change, {...waiting(options), ...call})
    }),
  )
  return actView(changed, stops ? 'stopped' : 'has the change')
}

/** `--set replicas=0` alone: OME cannot serve with none, but it can be stopped. */
function isStop({set, ...rest}: ServingChange): boolean {
  const zero = set?.includes('replicas=0') === true
  if (!zero) return false
  if (set?.length === 1 && Object.values(rest).every((value) => value === undefined)) return true
  throw new OmniError('USAGE', '--set replicas=0 stops services: give it alone')
}
