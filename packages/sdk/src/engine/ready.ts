import type {CallOptions} from '../contracts/collection.ts'
import type {Instance, InstanceProvider} from '../contracts/instance-provider.ts'
import {isOmniError, OmniError} from '../errors.ts'
import {poll} from '../io/poll.ts'
import {throwIfAborted} from '../io/sleep.ts'
import {formatDuration} from '../units.ts'
import {consoleLines, NotReady} from './ready-failure.ts'
import {type Look, Lost, lookAt} from './ready-look.ts'
import {cloudInitLines, type ReadySpec, type ReadyStage, readyStages, runInside} from './ready-stages.ts'

export type {ReadySpec} from './ready-stages.ts'

const DEFAULT_TIMEOUT_MS = 300_000
const MAX_TIMER_MS = 2 ** 31 - 1
/** A machine with a long program inside is looked at this often, in milliseconds. */
const WATCH_MS = 2_000
/** What is read for the message after the deadline may take this long. */
const AFTERMATH_MS = 3_000

/** From 50 ms on, half as much again each time, at most 2 s. */
const growing = (asked: number): number => Math.min(2_000, 50 * 1.5 ** (asked - 1))

/**
 * Resolves when the machine is ready as its spec says: it runs, programs can be run inside, it has an address, cloud-init is
 * done, it has said so itself, and what the user probes answers. All of it has one deadline, `wait.timeout`.
 *
 * TIMEOUT names what was waited for and what was seen last. DEPLOY_FAILED at once when it cannot become ready any more:
 * cloud-init failed, or the machine stopped or vanished. `details.lastLines` hold what it wrote last.
 */
export async function awaitReady(
  provider: InstanceProvider,
  name: string,
  spec: ReadySpec,
  options: CallOptions = {},
): Promise<Instance> {
  const {signal, onProgress} = options
  throwIfAborted(signal)
  const stages = readyStages(provider, name, spec, onProgress)
  const timeoutMs = Math.min(spec.wait?.timeout ?? DEFAULT_TIMEOUT_MS, MAX_TIMER_MS)
  const ending = new AbortController()
  const inner = signal === undefined ? ending.signal : AbortSignal.any([ending.signal, signal])
  const deadline = performance.now() + timeoutMs
  const machine = lookAt(provider, name)
  const state = {stage: '', seen: ''}
  const arrive = (stage: ReadyStage): Promise<Instance> => {
    Object.assign(state, {stage: stage.name, seen: 'no answer yet'})
    onProgress?.(`waiting for ${stage.name}`)
    const timeLeft = Math.max(1, deadline - performance.now())
    return poll({everyMs: growing, timeoutMs: timeLeft, signal}, async () => {
      const seen = await reach(stage, machine, inner)
      if (typeof seen !== 'string') return seen
      state.seen = seen
      return undefined
    })
  }
  try {
    let instance = await arrive(RUNS)
    for (const stage of stages) instance = await arrive(stage)
    return instance
  } catch (error) {
    throw await told(error, {provider, name, timeoutMs, signal, ...state})
  } finally {
    ending.abort()
  }
}

const RUNS: ReadyStage = {name: 'it to run', check: () => undefined}

/** The machine when it has reached the stage, else what is seen. */
async function reach(stage: ReadyStage, machine: Look, signal: AbortSignal): Promise<Instance | string> {
  const instance = await machine.look(signal)
  if (typeof instance === 'string') return instance
  const seen = stage.isLong
    ? await watched(machine, signal, async (bounded) => stage.check(instance, bounded))
    : await stage.check(instance, signal)
  return seen ?? (stage.isLong ? machine.look(signal) : instance)
}

/** Runs something long, and ends it when the machine is lost. */
async function watched<T>(machine: Look, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ending = new AbortController()
  const bounded = AbortSignal.any([signal, ending.signal])
  const watching = poll<never>({everyMs: WATCH_MS, timeoutMs: MAX_TIMER_MS, signal: bounded}, async () => {
    await machine.look(bounded)
    return undefined
  })
  try {
    return await Promise.race([work(bounded), watching])
  } finally {
    ending.abort()
  }
}

interface Attempt {
  readonly provider: InstanceProvider
  readonly name: string
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly stage: string
  readonly seen: string
}

/** What went wrong, in words that name the machine and the stage. */
async function told(error: unknown, {provider, name, timeoutMs, signal, stage, seen}: Attempt): Promise<unknown> {
  const at = {instance: name, stage}
  if (error instanceof NotReady) {
    const {hint, ...facts} = error.facts
    return new OmniError('DEPLOY_FAILED', `'${name}' ${error.message}`, {hint, details: {...at, ...facts}})
  }
  if (error instanceof Lost) {
    const lastLines = await consoleLines(provider, name, signal)
    const message = `'${name}' ${error.message} while it was waited for (${stage})`
    return new OmniError('DEPLOY_FAILED', message, {details: {...at, lastLines}})
  }
  if (!isOmniError(error) || error.code !== 'TIMEOUT') return error
  const lastLines = stage === 'cloud-init' ? await lateLines(provider, name) : []
  const message = `'${name}' is not ready after ${formatDuration(timeoutMs)}: waiting for ${stage}; last seen: ${seen}`
  return new OmniError('TIMEOUT', message, {details: {...at, lastSeen: seen, lastLines}, retryable: true})
}

/** What cloud-init wrote so far. */
const lateLines = (provider: InstanceProvider, name: string): Promise<readonly string[]> =>
  cloudInitLines((argv, signal) => runInside(provider, name, argv, signal), AbortSignal.timeout(AFTERMATH_MS))
