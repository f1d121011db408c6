import {replicaLogFile} from '../paths.ts'
import {LogFile} from './log-file.ts'

/** Log files in use: two instances of one replica (an old and a new release) write to the same one. */
export class ReplicaLogs {
  readonly #home: string
  readonly #open = new Map<string, {readonly file: LogFile; users: number}>()

  constructor(home: string) {
    this.#home = home
  }

  /** Each `acquire` needs a `release` with the same arguments. */
  acquire(service: string, index: number): LogFile {
    const path = replicaLogFile(this.#home, service, index)
    const shared = this.#open.get(path) ?? {file: new LogFile(path), users: 0}
    shared.users++
    this.#open.set(path, shared)
    return shared.file
  }

  release(service: string, index: number): void {
    const path = replicaLogFile(this.#home, service, index)
    const shared = this.#open.get(path)
    if (shared === undefined || --shared.users > 0) return
    shared.file.close()
    this.#open.delete(path)
  }
}
