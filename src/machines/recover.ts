import {
  type CallOptions,
  type InstanceProvider,
  isAbort,
  isOmniError,
  mapLimit,
  messageOf,
  OmniError,
  retry,
} from '@omni-cli/sdk'
import type {Progress} from '@omni-cli/sdk/cli'
import type {ReadySpec} from '@omni-cli/sdk/engine'
import type {InstanceHealth, WantedInstance} from './health.ts'

/** What was done for a machine. */
export interface Recovered {
  readonly name: string
  readonly action: RecoveryAction
  readonly ok: boolean
  readonly attempts: number
  /** Why it is still not well. */
  readonly error?: string | undefined
}

export type RecoveryAction = 'start' | 'restart'

/** Tries for a machine; between them one second at least, five at most. */
const ATTEMPTS = 3
const BACKOFF = {baseMs: 1_000, maxMs: 5_000}
const AT_ONCE = 8
/** A machine that runs may take this long to shut down, in milliseconds. */
const SHUTDOWN_MS = 30_000
/** And this long to become ready, when no plan says how long. */
const READY_MS = 60_000

/** What helps a machine; undefined when recovery must not or cannot do anything for it. */
export function recoveryOf(machine: InstanceHealth): RecoveryAction | undefined {
  const {healthy, wanted, status, readiness, otherHome} = machine
  // One that lives elsewhere, too, must not run twice.
  if (healthy || wanted !== 'running' || otherHome !== undefined) return undefined
  if (status === 'stopped' || status === 'frozen') return 'start'
  // Somebody is at it, and what is gone is for `omni apply` to make.
  if (status === 'absent' || status === 'starting' || status === 'stopping') return undefined
  if (status === 'running' && readiness.state !== 'not-ready') return undefined
  // A first boot is not made anew by a restart; one that goes on would be cut off.
  if (status === 'running' && readiness.stage === 'cloud-init') return undefined
  return 'restart'
}

export interface RecoverOptions extends CallOptions {
  readonly progress: Progress
  readonly plan?: readonly WantedInstance[] | undefined
}

/** Starts or restarts what should run and does not, and waits until each is ready. One that fails leaves the others. */
export function recover(
  provider: InstanceProvider,
  machines: readonly InstanceHealth[],
  options: RecoverOptions,
): Promise<Recovered[]> {
  const needy = machines.flatMap((machine) => {
    const action = recoveryOf(machine)
    return action === undefined ? [] : [{name: machine.name, action}]
  })
  return mapLimit(needy, AT_ONCE, (one) => recoverOne(provider, one, options))
}

interface Needy {
  readonly name: string
  readonly action: RecoveryAction
}

async function recoverOne(
  provider: InstanceProvider,
  {name, action}: Needy,
  {progress, plan, signal}: RecoverOptions,
): Promise<Recovered> {
  const spec = plan?.find((one) => one.spec.name === name)?.spec ?? (await specOf(provider, name, {signal}))
  const {awaitReady} = await import('@omni-cli/sdk/engine')
  let attempts = 0
  const attempt = async (onProgress: (note: string) => void) => {
    attempts++
    if (action === 'start') await provider.start(name, {signal, onProgress})
    else await restart(provider, name, {signal, onProgress})
    await awaitReady(provider, name, spec, {signal, onProgress})
  }
  // What was waited for long enough does not get better by starting what runs.
  const when = (error: unknown) => !isAbort(error) && !(isOmniError(error) && error.code === 'TIMEOUT')
  try {
    await progress.step(`${action} ${name}`, (step) =>
      retry({attempts: ATTEMPTS, ...BACKOFF, signal, when}, () => attempt((note) => step.note(note))),
    )
    return {name, action, ok: true, attempts}
  } catch (error) {
    if (isAbort(error)) throw error
    return {name, action, ok: false, attempts, error: messageOf(error)}
  }
}

/** Without a plan: that programs run inside, and an address where it has a network. */
async function specOf(provider: InstanceProvider, name: string, options: CallOptions): Promise<ReadySpec> {
  const state = await provider.get(name, options)
  return {network: state?.settings?.network, wait: {timeout: READY_MS}}
}

/** What runs is asked to shut down; what is broken is cut off. */
async function restart(provider: InstanceProvider, name: string, options: CallOptions): Promise<void> {
  const state = await provider.get(name, options)
  const how = {...options, force: state?.status !== 'running', timeoutMs: SHUTDOWN_MS}
  if (provider.restart !== undefined) await provider.restart(name, how)
  else {
    await provider.stop(name, how)
    await provider.start(name, options)
  }
}

/** NOT_FOUND for a named machine that is neither there nor in the plan. */
export function mustBeKnown(names: readonly string[] | undefined, machines: readonly InstanceHealth[]): void {
  const missing = names?.filter((name) => !machines.some((machine) => machine.name === name)) ?? []
  if (missing.length === 0) return
  throw new OmniError('NOT_FOUND', `no instance '${missing.join("', '")}'`, {hint: 'omni get instances'})
}
