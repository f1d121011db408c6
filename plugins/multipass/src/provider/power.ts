import {type CallOptions, type Instance, isAbort, isOmniError, OmniError, poll, type StopOptions} from '@omni-cli/sdk'
import {isAtLeast} from '../client/client.ts'
import {failureOf, isTooSlow} from '../client/failure.ts'
import * as requests from '../client/requests.ts'
import type {Driver} from './driver.ts'
import {cutOff, getInstance, requireInstance} from './observe.ts'

const START_MS = 600_000
const STOP_MS = 60_000
const REMOVE_MS = 120_000
const EVERY_MS = 300

/** Resolves when it was seen to run, whatever `start` says of the time that it took. */
export async function startInstance(driver: Driver, name: string, options: CallOptions = {}): Promise<Instance> {
  const before = await requireInstance(driver, name, options)
  if (before.status === 'running') return before
  const asks = {signal: options.signal, timeoutMs: START_MS + STOP_MS}
  const result = await driver.locks
    .boot(() => driver.client.ask(requests.start(name, START_MS / 1000), asks), options)
    .catch(async (error: unknown) => {
      throw isAbort(error) ? await cutOff(driver, name, error) : error
    })
  const failure = result.exitCode === 0 ? undefined : failureOf(result)
  if (failure !== undefined && !isTooSlow(result)) throw failure
  const after = await requireInstance(driver, name, options)
  if (after.status === 'running') return after
  if (after.status !== 'starting') throw stuck(driver, after, failure)
  return await awaitStatus(driver, {name, status: 'running', timeoutMs: START_MS}, options)
}

/** What a person can do about a machine that Multipass itself does not get going. */
const stuck = ({version}: Driver, {name, status}: Instance, cause: unknown): OmniError =>
  new OmniError('TIMEOUT', `'${name}' does not start: it is still ${status}`, {
    hint:
      version === undefined || isAtLeast(version, 1, 14) ? `omni stop ${name} --force` : 'sudo snap restart multipass',
    cause,
  })

/** Resolves when it was seen to be stopped. */
export async function stopInstance(driver: Driver, name: string, options: StopOptions = {}): Promise<Instance> {
  const {force = false, timeoutMs = STOP_MS, signal} = options
  const before = await requireInstance(driver, name, options)
  if (before.status === 'stopped') return before
  if (force && driver.version !== undefined && !isAtLeast(driver.version, 1, 14)) {
    throw new OmniError('UNSUPPORTED', `Multipass ${driver.version} cannot cut off a machine; 1.14 can`, {
      hint: `omni stop ${name}`,
    })
  }
  const startedAt = performance.now()
  await driver.locks
    .boot(() => driver.client.run(requests.stop(name, force), {signal, timeoutMs}), options)
    .catch(async (error: unknown) => {
      if (isAbort(error)) throw await cutOff(driver, name, error)
      if (!isOmniError(error) || error.code !== 'TIMEOUT') throw error
    })
  const after = await requireInstance(driver, name, options)
  if (after.status === 'stopped') return after
  const leftMs = Math.max(EVERY_MS, timeoutMs - (performance.now() - startedAt))
  if (after.status === 'frozen') {
    throw new OmniError('CONFLICT', `'${name}' is suspended, and Multipass stops only what runs`, {
      hint: `omni stop ${name} --force`,
    })
  }
  return await awaitStatus(driver, {name, status: 'stopped', timeoutMs: leftMs}, options)
}

async function awaitStatus(
  driver: Driver,
  {
    name,
    status,
    timeoutMs,
  }: {readonly name: string; readonly status: 'running' | 'stopped'; readonly timeoutMs: number},
  options: CallOptions,
): Promise<Instance> {
  let seen: Instance | undefined
  const look = async () => {
    seen = await requireInstance(driver, name, options)
    return seen.status === status ? seen : undefined
  }
  return await poll({everyMs: EVERY_MS, timeoutMs, signal: options.signal}, look).catch((error: unknown) => {
    if (isAbort(error) || !isOmniError(error) || error.code !== 'TIMEOUT') throw error
    throw new OmniError('TIMEOUT', `'${name}' is not ${status} yet, but ${seen?.status ?? 'unknown'}`, {
      hint: status === 'stopped' ? `omni stop ${name} --force` : 'multipass list',
      cause: error,
      retryable: true,
    })
  })
}

/** By name and for good. One in the trash is absent: what somebody threw away by hand, he may take back. */
export async function removeInstance(driver: Driver, name: string, options: CallOptions = {}): Promise<void> {
  options.signal?.throwIfAborted()
  await driver.locks.instance(
    name,
    async () => {
      const found = await getInstance(driver, name, options)
      if (found?.settings?.protect === true) {
        throw new OmniError('CONFLICT', `'${name}' is protected`, {hint: 'set protect: false in its plan and apply it'})
      }
      if (found !== undefined) await removeNow(driver, name, options)
      await driver.records.drop(name)
    },
    options,
  )
}

async function removeNow(driver: Driver, name: string, options: CallOptions): Promise<void> {
  const {client, locks} = driver
  const asks = {signal: options.signal, timeoutMs: REMOVE_MS}
  await locks
    .change(() => client.run(requests.remove(name), asks), options)
    .catch((error: unknown) => {
      if (!isOmniError(error) || error.code !== 'NOT_FOUND') throw error
    })
  if ((await getInstance(driver, name, options)) === undefined) return
  throw new OmniError('TIMEOUT', `'${name}' is still there after it was removed`, {hint: 'multipass list'})
}
