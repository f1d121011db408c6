import {readFileSync, rmSync} from 'node:fs'
import {setTimeout as delay} from 'node:timers/promises'
import {parseArgs} from 'node:util'
import {logLine} from '../log-line.ts'
import {type ProcessLock, takeLock} from '../process-lock.ts'
import {packageVersion} from '../programs.ts'
import {type ControlServer, listenForControl} from './control/control-server.ts'
import {parseTable} from './control/table-schema.ts'
import {lockFile, tableFile} from './files.ts'
import {DataPlane} from './proxy/data-plane.ts'

/** On SIGTERM; a control plane that ends the process says its own time. */
const DRAIN_MS = 10_000

/** How long the process that is replaced may take to free its ports. */
const REPLACE_MS = 10_000

await main()

/**
 * The edge process: `main.js --home DIR [--socket FILE] [--replace PID]`. Ends at once, and well, when another one serves
 * this home, unless that is the one to replace.
 */
async function main(): Promise<void> {
  const {values} = parseArgs({options: {home: {type: 'string'}, socket: {type: 'string'}, replace: {type: 'string'}}})
  if (values.home === undefined) throw new Error('--home is missing')
  const version = packageVersion()
  const lock =
    values.replace === undefined ? takeLock(lockFile(values.home)) : await replace(values.home, Number(values.replace))
  if (lock === undefined) return log('another edge process serves this home')
  let control: ControlServer | undefined
  const logFailure = createFailureLog()
  const plane = new DataPlane({
    onTargetFailure: (address) => {
      logFailure(address)
      control?.reportFailure(address)
    },
  })
  await restoreTable(plane, tableFile(values.home))
  // Finding the path loads the whole sdk: our launcher says it, a person need not.
  const path = values.socket ?? (await import('../socket-path.ts')).socketPath(values.home, 'edge')
  // We hold the lock, so nobody listens there.
  rmSync(path, {force: true})

  let isLeaving = false
  const leave = async (): Promise<void> => {
    if (isLeaving) return
    isLeaving = true
    log('shutting down')
    await plane.close()
    // From here on another process may take over: the ports, the socket and the lock are free.
    control?.stopListening()
    lock.release()
  }
  const shutdown = async (drainMs: number): Promise<void> => {
    await leave()
    await plane.drain(drainMs)
    setImmediate(() => {
      control?.disconnect()
      process.exit(0)
    })
  }
  const terminate = async (): Promise<void> => {
    await leave()
    // A control plane that wants an edge starts the next one while this one drains.
    control?.disconnect()
    await shutdown(DRAIN_MS)
  }
  control = await listenForControl({path, version, plane, shutdown})
  process.on('SIGTERM', () => void terminate())
  process.on('SIGINT', () => void terminate())
  // The terminal of whoever started us may go away.
  process.on('SIGHUP', () => undefined)
  log(`ready, pid ${process.pid}`)
}

/** All is loaded by now: between the other's last connection and our first there are only moments. */
async function replace(home: string, pid: number): Promise<ProcessLock | undefined> {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    // It is gone already.
  }
  const deadline = performance.now() + REPLACE_MS
  for (;;) {
    const lock = takeLock(lockFile(home))
    if (lock !== undefined || performance.now() > deadline) return lock
    await delay(2)
  }
}

/** Serves what was served before, until a control plane says otherwise. */
async function restoreTable(plane: DataPlane, path: string): Promise<void> {
  try {
    const listeners = await plane.apply(parseTable(JSON.parse(readFileSync(path, 'utf8'))))
    for (const {bind, port, error} of listeners)
      if (error !== undefined) log(`cannot listen on ${bind}:${port}: ${error}`)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    log(`the stored table is not usable: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const SAME_FAILURE_EVERY_MS = 60_000

/** A dead target is probed every second; one line a minute says it. */
function createFailureLog(): (address: string) => void {
  const lastAt = new Map<string, number>()
  return (address) => {
    const now = performance.now()
    if (now - (lastAt.get(address) ?? Number.NEGATIVE_INFINITY) < SAME_FAILURE_EVERY_MS) return
    if (lastAt.size > 1_000) lastAt.clear()
    lastAt.set(address, now)
    log(`target ${address} failed`)
  }
}

function log(message: string): void {
  logLine(`${new Date().toISOString()} ${message}`)
}
