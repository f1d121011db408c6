import {
  type CallOptions,
  isAbort,
  mapLimit,
  messageOf,
  OmniError,
  type Service,
  type ServiceEngine,
} from '@omni-cli/sdk'
import type {Progress} from '@omni-cli/sdk/cli'

/** Which services a command is about. */
export interface ServiceSelection {
  readonly names: readonly string[]
  readonly project?: string | undefined
  readonly all?: boolean | undefined
}

/**
 * Names of the selected services, each once. NOT_FOUND when a named one or every service of the project is absent,
 * USAGE when nothing or two ways of selecting were given.
 */
export async function selectServices(
  engine: ServiceEngine,
  selection: ServiceSelection,
  options: CallOptions = {},
): Promise<string[]> {
  const {names, project, all = false} = selection
  const ways = [names.length > 0, project !== undefined, all].filter(Boolean).length
  if (ways !== 1) throw new OmniError('USAGE', 'name the services, or give one of --project and --all')
  if (names.length > 0) return [...new Set(names)]
  const services = await engine.list({...options, ...(project === undefined ? {} : {project})})
  if (services.length === 0 && project !== undefined) {
    throw new OmniError('NOT_FOUND', `no service belongs to the project '${project}'`, {hint: 'omni get services'})
  }
  return services.map(({name}) => name)
}

/** The service, or NOT_FOUND that names the nearest ones. */
export async function requireService(engine: ServiceEngine, name: string, options: CallOptions = {}): Promise<Service> {
  const found = await engine.get(name, options)
  if (found !== undefined) return found
  throw notFound(
    name,
    (await engine.list(options)).map((service) => service.name),
  )
}

/** NOT_FOUND for a name, with the names there are. */
export function notFound(name: string, known: readonly string[], kind = 'service'): OmniError {
  const some = known.slice(0, 5).map((other) => `'${other}'`)
  const rest = known.length > some.length ? ` and ${known.length - some.length} more` : ''
  const text =
    known.length === 0 ? 'there are none' : `there ${known.length === 1 ? 'is' : 'are'} ${some.join(', ')}${rest}`
  return new OmniError('NOT_FOUND', `there is no ${kind} '${name}'; ${text}`, {hint: `omni get ${kind}s`})
}

/** How many services are changed at the same time. */
const SERVICES_AT_ONCE = 4

/**
 * Does one thing to several things, which have names, some at a time; all are tried. One failure of one is thrown as it is, several
 * things with failures are PARTIAL with what was done and what was not.
 */
export async function actOnEach<Item, Result>(
  items: ReadonlyMap<string, Item>,
  act: (item: Item) => Promise<Result>,
  limit: number = SERVICES_AT_ONCE,
): Promise<Result[]> {
  const outcomes = await mapLimit([...items], limit, async ([name, item]): Promise<Outcome<Result>> => {
    try {
      return {name, result: await act(item)}
    } catch (error) {
      if (items.size === 1) throw error
      return {name, error}
    }
  })
  const failed = outcomes.flatMap((outcome) => ('error' in outcome ? [outcome] : []))
  const done = outcomes.flatMap((outcome) => ('error' in outcome ? [] : [outcome]))
  if (failed.length === 0) return done.map(({result}) => result)
  const finished = done.map(({name}) => name)
  const interrupted = failed.filter(({error}) => isAbort(error)).map(({name}) => name)
  if (interrupted.length > 0) throw interruption(finished, interrupted)
  const reasons = failed.map(({name, error}) => `${name}: ${messageOf(error)}`)
  throw new OmniError('PARTIAL', `${failed.length} of ${items.size} failed: ${reasons.join('; ')}`, {
    details: {done: finished, failed: failed.map(({name, error}) => ({name, message: messageOf(error)}))},
    cause: failed[0]?.error,
  })
}

/** The same for things of which only the names are known. */
export const actOn = <Result>(names: readonly string[], act: (name: string) => Promise<Result>): Promise<Result[]> =>
  actOnEach(new Map(names.map((name) => [name, name])), act)

type Outcome<Result> =
  | {readonly name: string; readonly result: Result}
  | {readonly name: string; readonly error: unknown}

function interruption(finished: readonly string[], left: readonly string[]): OmniError {
  const lines = [...finished.map((name) => `done: ${name}`), ...left.map((name) => `not done: ${name}`)]
  return new OmniError('ABORTED', ['interrupted', ...lines].join('\n'), {
    details: {done: finished, skipped: left},
    hint: 'run it again to go on',
  })
}

export type ServiceVerb = 'start' | 'stop' | 'restart'

/** What `omni VERB` says it did. */
export const DONE = {start: 'started', stop: 'stopped', restart: 'restarted'} as const satisfies Record<
  ServiceVerb,
  string
>

/** Starts, stops or restarts services, a step of progress each. NOT_FOUND for an absent one. */
export function changeServices(
  engine: ServiceEngine,
  verb: ServiceVerb,
  names: readonly string[],
  {progress, signal}: {readonly progress: Progress; readonly signal: AbortSignal},
): Promise<Service[]> {
  return actOn(names, (name) =>
    progress.step(`${verb} ${name}`, async (step) => {
      await requireService(engine, name, {signal})
      return engine[verb](name, {signal, onProgress: (note) => step.note(note)})
    }),
  )
}
