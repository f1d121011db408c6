import {
  type CallOptions,
  type Instance,
  type InstanceProvider,
  type InstanceSpec,
  type InstanceStatus,
  isAbort,
  isOmniError,
  mapLimit,
  messageOf,
} from '@omni-cli/sdk'
import {type Readiness, reasonOf, type Wanted, wantedOf} from './health-wanted.ts'
import {isStoppedOnPurpose, type MachineMemory} from './recover-memory.ts'

/** Health of one machine; the shape is stable. */
export interface InstanceHealth {
  readonly name: string
  readonly provider: string
  /** `absent`: a plan names it and it is not there. */
  readonly status: InstanceStatus | 'absent'
  readonly wanted: Wanted
  readonly healthy: boolean
  /** Why it is not, in one line. */
  readonly reason?: string | undefined
  readonly readiness: Readiness
  /** `omni stop` stopped it. */
  readonly stoppedOnPurpose: boolean
  /** The driver that has it, too: a split brain, which a person must end; or has it alone, since a fail-over. */
  readonly otherHome?: string | undefined
  /** File and line of it in the plan. */
  readonly file?: string | undefined
}

export interface WantedInstance {
  readonly spec: InstanceSpec
  readonly file: string
}

export interface MachineQuestion {
  readonly provider: InstanceProvider
  readonly instances: readonly Instance[]
  readonly memory: MachineMemory
  /** With a plan, what it names is probed as it says. */
  readonly plan?: readonly WantedInstance[] | undefined
  /** Machines with another home, by name. */
  readonly split?: ReadonlyMap<string, Required<Pick<InstanceHealth, 'reason' | 'otherHome'>>> | undefined
  /** Only these. Default: all, and those of the plan. */
  readonly names?: readonly string[] | undefined
}

/** Probes of a machine that is up may take this long; nobody waits for it to come up. */
const PROBE_MS = 5_000
const PROBES_AT_ONCE = 10

/** Every machine with what is wanted of it, what is there and what answers. */
export async function checkMachines(question: MachineQuestion, options: CallOptions = {}): Promise<InstanceHealth[]> {
  const {provider, instances, memory, plan, names} = question
  const wanted = new Map((plan ?? []).map((one) => [one.spec.name, one]))
  const known = new Map(instances.map((instance) => [instance.name, instance]))
  const all = [...new Set([...wanted.keys(), ...known.keys()])].toSorted()
  const chosen = names === undefined ? all : all.filter((name) => names.includes(name))
  return mapLimit(chosen, PROBES_AT_ONCE, async (name) => {
    const instance = known.get(name)
    const inPlan = wanted.get(name)
    const stoppedOnPurpose = isStoppedOnPurpose(memory, provider.name, {name, status: instance?.status})
    const want = wantedOf(instance, {isInPlan: inPlan !== undefined, stoppedOnPurpose})
    const readiness = await readinessOf(provider, instance, inPlan?.spec, options)
    const status = instance?.status ?? 'absent'
    const split = question.split?.get(name)
    const reason = split?.reason ?? reasonOf(status, want, inPlan === undefined ? {state: 'unknown'} : readiness)
    return {
      name,
      provider: provider.name,
      status,
      wanted: want,
      healthy: reason === undefined,
      ...(reason === undefined ? {} : {reason}),
      readiness,
      stoppedOnPurpose,
      ...(split === undefined ? {} : {otherHome: split.otherHome}),
      ...(inPlan === undefined ? {} : {file: inPlan.file}),
    }
  })
}

/** By the probes of its spec; without a spec, by what the provider told with the list. */
async function readinessOf(
  provider: InstanceProvider,
  instance: Instance | undefined,
  spec: InstanceSpec | undefined,
  {signal}: CallOptions,
): Promise<Readiness> {
  if (instance?.status !== 'running') return {state: 'unknown'}
  if (spec === undefined) return toldReadiness(instance)
  const {awaitReady} = await import('@omni-cli/sdk/engine')
  const wait = {...spec.wait, timeout: PROBE_MS}
  try {
    await awaitReady(provider, instance.name, {...spec, wait}, {signal})
    return {state: 'ready'}
  } catch (error) {
    if (isAbort(error)) throw error
    return {state: 'not-ready', ...seenIn(error)}
  }
}

function toldReadiness({agent, addresses}: Instance): Readiness {
  if (agent === false) return {state: 'not-ready', stage: 'its agent', seen: 'no program can be run inside'}
  return addresses.length > 0 ? {state: 'ready'} : {state: 'unknown', stage: 'an address', seen: 'no address'}
}

function seenIn(error: unknown): Pick<Readiness, 'stage' | 'seen'> {
  const details = isOmniError(error) ? error.details : undefined
  if (typeof details !== 'object' || details === null || !('stage' in details)) return {stage: messageOf(error)}
  const seen = 'lastSeen' in details ? String(details.lastSeen) : messageOf(error)
  return {stage: String(details.stage), seen}
}
