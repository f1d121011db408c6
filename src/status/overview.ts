import {
  type CallOptions,
  type Health,
  type Instance,
  isAbort,
  isOmniError,
  messageOf,
  type ProviderKind,
  type Service,
  type ServiceStatus,
} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {rememberThings} from '../completion/remember-names.ts'
import {reasonOf as machineReason, wantedOf} from '../machines/health-wanted.ts'
import {isStoppedOnPurpose, type MachineMemory, readMemory} from '../machines/recover-memory.ts'

/** A driver of the context and whether it answers. */
export interface EngineHealth extends Health {
  readonly kind: ProviderKind
  readonly id: string
  readonly title: string
}

/** Everything in a context at one moment. */
export interface Overview {
  readonly context: string
  /** False when something that should run does not, or an engine in use does not answer. */
  readonly ok: boolean
  readonly engines: readonly EngineHealth[]
  /** Degraded ones first, then by name. */
  readonly services: readonly Service[]
  readonly instances: readonly Instance[]
  /** Names of instances that should run and do not. */
  readonly down: readonly string[]
}

const URGENCY = {failed: 0, degraded: 1, deploying: 2, running: 3, stopped: 4} as const satisfies Record<
  ServiceStatus,
  number
>

/** True when the service runs as it was asked to, or is stopped on purpose. */
export const isHealthy = (service: Pick<Service, 'status'>): boolean =>
  service.status === 'running' || service.status === 'stopped' || service.status === 'deploying'

/** What needs attention first, then by name. */
export const byUrgency = (a: Service, b: Service): number =>
  URGENCY[a.status] - URGENCY[b.status] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

/** Asks the drivers in use, all at the same time, each with one request for its things. */
export async function observeAll(session: Session, options: CallOptions = {}): Promise<Overview> {
  const [services, instances] = await Promise.all([
    observeKind(session, 'service', () => session.open('service'), options),
    observeKind(session, 'instance', () => session.open('instance'), options),
  ])
  const found = services.things.toSorted(byUrgency)
  const engines = [...services.engines, ...instances.engines]
  const down = await downOf(session, instances)
  return {
    context: session.context.name,
    ok: found.every(isHealthy) && down.length === 0 && engines.every(({ok}) => ok),
    engines,
    services: found,
    instances: instances.things,
    down,
  }
}

/** What a plan owns should run, unless it was stopped on purpose. */
async function downOf(session: Session, {engines, things}: Observed<Instance>): Promise<string[]> {
  if (things.every(({status}) => status === 'running')) return []
  const memory = await readMemory(session)
  const provider = engines[0]?.id ?? ''
  return things.filter((instance) => reasonIn(memory, provider, instance) !== undefined).map(({name}) => name)
}

/** Why a machine that should run does not: `it is stopped, but should run`. */
export const reasonDown = async (session: Session, provider: string, instance: Instance): Promise<string | undefined> =>
  reasonIn(await readMemory(session), provider, instance)

function reasonIn(memory: MachineMemory, provider: string, instance: Instance): string | undefined {
  const stoppedOnPurpose = isStoppedOnPurpose(memory, provider, instance)
  const wanted = wantedOf(instance, {isInPlan: false, stoppedOnPurpose})
  return machineReason(instance.status, wanted, {state: 'unknown'})
}

interface Named {
  readonly name: string
}

interface Observed<Thing> {
  readonly engines: readonly EngineHealth[]
  readonly things: readonly Thing[]
}

interface Asked<Thing extends Named> {
  readonly name: string
  check(options?: CallOptions): Promise<Health>
  list(options?: CallOptions): Promise<Thing[]>
}

async function observeKind<Thing extends Named>(
  session: Session,
  kind: 'service' | 'instance',
  open: () => Promise<Asked<Thing>>,
  options: CallOptions,
): Promise<Observed<Thing>> {
  if (!session.contributions.some((contribution) => contribution.kind === kind)) return NOTHING
  const provider = await open().catch(toError)
  if (provider instanceof Error) {
    // Machines are looked for wherever they may be; not to find any engine for them is no fault.
    const isWanted = kind === 'service' || session.context.providers?.instances !== undefined
    return isWanted ? {engines: [unreachable(kind, provider)], things: []} : NOTHING
  }
  const [health, things] = await Promise.all([
    provider.check(options).catch((error: unknown) => refusal(error)),
    provider.list(options).catch(toError),
  ])
  const title = session.contributions.find(({id}) => id === provider.name)?.title ?? provider.name
  const engine = {kind, id: provider.name, title}
  if (!(things instanceof Error)) {
    rememberThings(session, kind, things)
    return {engines: [{...engine, ...health}], things}
  }
  const told = health.ok ? refusal(things) : health
  return {engines: [{...engine, ...told}], things: []}
}

const NOTHING = {engines: [], things: []} as const

const unreachable = (kind: ProviderKind, error: Error): EngineHealth => ({kind, id: '-', title: '', ...refusal(error)})

/** What a failure says about an engine. Ctrl-C is no answer. */
function refusal(error: unknown): Health {
  if (isAbort(error)) throw error
  return {ok: false, message: messageOf(error), hint: isOmniError(error) ? error.hint : undefined}
}

function toError(error: unknown): Error {
  if (isAbort(error)) throw error
  return error instanceof Error ? error : new Error(String(error))
}
