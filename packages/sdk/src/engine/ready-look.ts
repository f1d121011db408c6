import type {Instance, InstanceProvider} from '../contracts/instance-provider.ts'
import {isAbort, isOmniError, messageOf, OmniError} from '../errors.ts'

/** A reboot from inside may show as stopped for a moment; longer than this is stopped, in milliseconds. */
const STOPPED_GRACE_MS = 2_000
/** Failed questions in a row before the provider counts as gone. */
const MAX_SILENT = 10
/** An observation this young is not asked for again, in milliseconds. */
const FRESH_MS = 100

export type InstanceVerdict =
  | {readonly state: 'up'}
  | {readonly state: 'coming'; readonly seen: string}
  | {readonly state: 'stopped'; readonly reason: string}
  | {readonly state: 'lost'; readonly reason: string}

/** What the status of a machine means for somebody who waits for it. */
export function judgeInstance(instance: Pick<Instance, 'status'> | undefined): InstanceVerdict {
  if (instance === undefined) return {state: 'lost', reason: 'was removed'}
  const {status} = instance
  if (status === 'running') return {state: 'up'}
  if (status === 'stopped') return {state: 'stopped', reason: 'stopped'}
  if (status === 'error') return {state: 'lost', reason: 'is in an error state'}
  if (status === 'frozen') return {state: 'lost', reason: 'is frozen'}
  return {state: 'coming', seen: `status ${status}`}
}

/** True for failures that the same question may survive: a daemon that restarts, an agent that is not up. */
export const isPassing = (error: unknown): boolean => isOmniError(error) && !isAbort(error) && !LASTING.has(error.code)

const LASTING: ReadonlySet<string> = new Set([
  'USAGE',
  'CONFIG_INVALID',
  'MANIFEST_INVALID',
  'UNSUPPORTED',
  'UNAUTHORIZED',
])

/** A machine under observation. */
export interface Look {
  /** The running machine; a text says what is seen instead. `Lost` when it will not run any more. */
  look(signal: AbortSignal): Promise<Instance | string>
}

/** The machine stopped or vanished while it was waited for. */
export class Lost extends Error {}

/** Asks the provider for one machine, and tells a passing failure from the end of it. */
export function lookAt(provider: Pick<InstanceProvider, 'get' | 'name'>, name: string): Look {
  let silent = 0
  let stoppedAt: number | undefined
  let last: {readonly instance: Instance; readonly at: number} | undefined

  const ask = async (signal: AbortSignal): Promise<Instance | undefined | string> => {
    try {
      const instance = await provider.get(name, {signal})
      silent = 0
      return instance
    } catch (error) {
      if (!isPassing(error)) throw error
      silent++
      if (silent < MAX_SILENT) return messageOf(error)
      throw new OmniError('UNAVAILABLE', `'${provider.name}' does not tell about '${name}': ${messageOf(error)}`, {
        cause: error,
        retryable: true,
      })
    }
  }

  return {
    async look(signal) {
      if (last !== undefined && performance.now() - last.at < FRESH_MS) return last.instance
      const instance = await ask(signal)
      if (typeof instance === 'string') return instance
      const verdict = judgeInstance(instance)
      if (verdict.state === 'lost') throw new Lost(verdict.reason)
      if (verdict.state === 'stopped') {
        stoppedAt ??= performance.now()
        if (performance.now() - stoppedAt >= STOPPED_GRACE_MS) throw new Lost(verdict.reason)
        return 'status stopped'
      }
      stoppedAt = undefined
      if (verdict.state === 'coming' || instance === undefined) return verdict.state === 'coming' ? verdict.seen : ''
      last = {instance, at: performance.now()}
      return instance
    },
  }
}
