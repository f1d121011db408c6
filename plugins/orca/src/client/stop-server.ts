import {isOmniError, OmniError, poll} from '@omni-cli/sdk'
import {hasStore, readServerInfo} from './local-files.ts'
import {isListening, startLocalServer} from './local-server.ts'
import {openLocalClient} from './server-status.ts'

export interface StopOptions {
  readonly home: string
  readonly workloads: 'keep' | 'stop'
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((note: string) => void) | undefined
}

export interface StopOutcome {
  /** False when no server ran. */
  readonly wasRunning: boolean
  readonly workloads: 'keep' | 'stop'
  /** Services that go on running without the server. */
  readonly keptServices: readonly string[]
}

/** Longer than the server gives requests under way and services to end. */
const STOP_TIMEOUT_MS = 10 * 60_000

/** Resolves when the process of the server has ended. Without one it succeeds. TIMEOUT when it does not end. */
export async function stopServer({home, workloads, signal, onProgress}: StopOptions): Promise<StopOutcome> {
  const wasRunning = await isListening(home)
  if (!wasRunning) {
    if (workloads === 'keep' || !hasStore(home)) return {wasRunning, workloads, keptServices: []}
    // Only a server knows what runs.
    onProgress?.('starting the server, which alone can stop the services')
    await startLocalServer({home, signal})
  }
  const client = await openLocalClient(home)
  const [{pid}, services] = await Promise.all([client.version({signal}), client.list(undefined, {signal})]).catch(
    async (error) => {
      throw await unresponsive(home, error)
    },
  )
  const running = services.filter(({status}) => status !== 'stopped').map(({name}) => name)
  onProgress?.(workloads === 'keep' ? 'stopping the server' : `stopping ${running.length} services and the server`)
  await client.shutdown(workloads, {signal})
  await poll({everyMs: 25, timeoutMs: STOP_TIMEOUT_MS, signal}, () => hasEnded(home, pid)).catch((error) => {
    if (!isOmniError(error) || error.code !== 'TIMEOUT') throw error
    throw new OmniError('TIMEOUT', `the server (process ${pid}) has not ended`, {
      hint: 'omni server logs',
      cause: error,
    })
  })
  return {wasRunning, workloads, keptServices: workloads === 'keep' ? running : []}
}

/** A server that takes connections and answers none can only be ended by its process. */
async function unresponsive(home: string, error: unknown): Promise<unknown> {
  const info = readServerInfo(home)
  if (!isOmniError(error) || info === undefined || !['TIMEOUT', 'UNAVAILABLE'].includes(error.code)) return error
  return new OmniError(error.code, error.message, {hint: `kill ${info.pid}`, cause: error})
}

/** Its facts are the last thing that a server removes; one that was killed leaves them but is gone itself. */
const hasEnded = async (home: string, pid: number): Promise<boolean> =>
  !isAlive(pid) || readServerInfo(home)?.pid !== pid

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
