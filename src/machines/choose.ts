import {type CallOptions, isAbort, isOmniError, messageOf, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {instanceKind} from '../resources/instance.ts'
import type {AnyKind} from '../resources/kind.ts'
import {findKind} from '../resources/kinds.ts'
import {serviceKind} from '../resources/service.ts'
import {isConfigured} from '../resources/target.ts'
import {lookUpNames} from './look-up.ts'
import {kindsInWords, type Machine, machineOf, servedKinds, serviceOf, WORKLOADS, type Workload} from './workload.ts'

/** What a command line says about the things it is for. */
export interface Selection {
  /** `NAME…`, `KIND NAME…`, `KIND/NAME…`; with labels or `all` at most a kind. */
  readonly words: readonly string[]
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Everything of the kind; without one, of the first kind that the verb serves. */
  readonly all?: boolean | undefined
  /** Services of this project. */
  readonly project?: string | undefined
}

export interface ChooseOptions extends CallOptions {
  /** Kinds that the verb serves. Default: services and instances. */
  readonly kinds?: readonly AnyKind[] | undefined
}

/**
 * The things that a command line is for, each once. USAGE when it chooses in no way or in two; else as `lookUpNames`,
 * and NOT_FOUND when nothing has the labels.
 */
export async function choose(session: Session, selection: Selection, options: ChooseOptions = {}): Promise<Workload[]> {
  const {kinds = WORKLOADS, signal} = options
  const {words, labels, all = false, project} = selection
  const isSelector = labels !== undefined || all
  const kind = isSelector && words.length === 1 ? findKind(words[0] ?? '', kinds) : undefined
  const ways = [kind === undefined && words.length > 0, project !== undefined, labels !== undefined, all]
  if (ways.filter(Boolean).length !== 1) throw notChosen(kinds)
  if (project !== undefined) return ofProject(session, project, {signal})
  if (!isSelector) return lookUpNames(session, words, {kinds, signal})
  const meant = kind !== undefined ? [kind] : all ? kinds.slice(0, 1) : servedKinds(session, kinds)
  return matching(session, {kinds: meant, labels}, {signal})
}

/** The same for instances alone. */
export async function chooseMachines(
  session: Session,
  selection: Selection,
  options: CallOptions = {},
): Promise<Machine[]> {
  const chosen = await choose(session, selection, {...options, kinds: [instanceKind]})
  return chosen.filter((workload) => workload.kind === 'instance')
}

/** Exactly one instance. */
export async function chooseMachine(
  session: Session,
  words: readonly string[],
  options: CallOptions = {},
): Promise<Machine> {
  const [only, ...others] = await chooseMachines(session, {words}, options)
  if (only !== undefined && others.length === 0) return only
  throw new OmniError('USAGE', 'name one instance: NAME, instance NAME or instance/NAME', {hint: 'omni get instances'})
}

function notChosen(kinds: readonly AnyKind[]): OmniError {
  const ways = kinds.includes(serviceKind) ? '--label, --project and --all' : '--label and --all'
  return new OmniError('USAGE', `name the ${kinds.map(({plural}) => plural).join(' or ')}, or give one of ${ways}`, {
    hint: `omni get ${kinds[0]?.plural ?? 'services'}`,
  })
}

async function ofProject(session: Session, project: string, options: CallOptions): Promise<Workload[]> {
  const engine = await session.open('service')
  const services = await engine.list({...options, project})
  if (services.length > 0) return services.map((state) => serviceOf(engine, state))
  throw new OmniError('NOT_FOUND', `no service belongs to the project '${project}'`, {hint: 'omni get services'})
}

type Labels = Readonly<Record<string, string>>

/** All of the kinds, or those with the labels. */
async function matching(
  session: Session,
  {kinds, labels}: {readonly kinds: readonly AnyKind[]; readonly labels: Labels | undefined},
  options: CallOptions,
): Promise<Workload[]> {
  const reasons: string[] = []
  const lists = kinds.map(async (kind) => {
    try {
      return await listKind(session, kind, {...options, labels: labels ?? {}})
    } catch (error) {
      const isNeeded = kinds.length === 1 || isConfigured(session, kind)
      if (isNeeded || isAbort(error) || !isOmniError(error)) throw error
      reasons.push(`${kind.plural} could not be looked up: ${messageOf(error)}`)
      return []
    }
  })
  const found = (await Promise.all(lists)).flat()
  if (found.length > 0 || labels === undefined) return found
  const wanted = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  const message = `no ${kindsInWords(kinds)} has the label ${wanted.join(', ')}`
  throw new OmniError('NOT_FOUND', [message, ...reasons].join('\n'), {
    hint: `omni get ${kinds.at(-1)?.plural ?? 'services'} --output wide`,
  })
}

/** Drivers may filter by themselves; what they did not is left out here. */
async function listKind(
  session: Session,
  kind: AnyKind,
  options: CallOptions & {readonly labels: Labels},
): Promise<Workload[]> {
  const has = (own: Labels) =>
    Object.entries(options.labels).every(([key, value]) => Object.hasOwn(own, key) && own[key] === value)
  if (kind === instanceKind) {
    const provider = await session.open('instance')
    const machines = await provider.list({...options, brief: true})
    return machines.filter(({labels}) => has(labels)).map((state) => machineOf(provider, state))
  }
  const engine = await session.open('service')
  return (await engine.list(options)).filter(({spec}) => has(spec.labels)).map((state) => serviceOf(engine, state))
}
