import {existsSync, mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {takeLock} from '../../../process-lock.ts'
import {processPaths} from '../paths.ts'
import {Instances} from './instances.ts'
import {openControlSocket} from './server.ts'

/** With nothing to look after and nobody connected the supervisor ends; it is started again when needed. */
const IDLE_EXIT_MS = 10_000
const LOOK_EVERY_MS = 1000

/** The supervisor of one home. A second one ends at once. */
function main(home: string, socket: string): void {
  const {supervisorLock} = processPaths(home)
  // Whoever started us may have removed it meanwhile; it must not come back.
  if (!existsSync(home)) return
  mkdirSync(join(home, 'run'), {recursive: true, mode: 0o700})
  const lock = takeLock(supervisorLock)
  if (lock === undefined) return

  const instances = new Instances(home, (instance) => control.publish(instance))
  const quit = () => {
    control.close()
    instances.close()
    lock.release()
    process.exit(0)
  }
  instances.adoptAll()
  const control = openControlSocket(socket, instances, () => setImmediate(quit))

  let busyAt = performance.now()
  setInterval(() => {
    // Without its socket nobody reaches this supervisor; the next one takes over.
    if (!existsSync(socket)) quit()
    if (!instances.isIdle || control.connections > 0) busyAt = performance.now()
    else if (performance.now() - busyAt >= IDLE_EXIT_MS) quit()
  }, LOOK_EVERY_MS)
  process.on('SIGTERM', quit)
  process.on('SIGINT', quit)
  // The terminal of whoever started us may go.
  process.on('SIGHUP', () => undefined)
}

const [home, socket] = process.argv.slice(2)
if (home !== undefined && socket !== undefined) main(home, socket)
