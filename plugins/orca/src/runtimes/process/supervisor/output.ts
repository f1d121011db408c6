import {existsSync} from 'node:fs'
import {setTimeout as delay} from 'node:timers/promises'
import {parseInstanceId} from '../instance-id.ts'
import {formatLines} from '../logs/format.ts'
import {captureLines} from './capture.ts'
import type {FifoPool} from './fifo-pool.ts'
import type {InstanceRecord} from './record.ts'
import type {ReplicaLogs} from './replica-logs.ts'

/** Lines that a process wrote right before its end are in the log within this time, unless a child holds its pipes. */
const LAST_WORDS_MS = 100

export interface Output {
  /** Resolves when nobody can write any more; may stay open after the process ended, when a child of it lives on. */
  readonly ended: Promise<void>
  /** Resolves when what was written so far is in the log, in all likelihood. */
  settle(): Promise<void>
  /** Puts a line of our own among those of stderr. */
  note(text: string): void
  close(): void
}

export const pipeNames = (id: string) => ({stdout: `${id}.out`, stderr: `${id}.err`})

/** Carries what an instance writes to the log of its replica, until nobody can write any more. */
export class OutputCapture {
  readonly #fifos: FifoPool
  readonly #logs: ReplicaLogs
  readonly #buffer = Buffer.allocUnsafe(64 * 1024)

  constructor(fifos: FifoPool, logs: ReplicaLogs) {
    this.#fifos = fifos
    this.#logs = logs
  }

  start(record: Pick<InstanceRecord, 'id' | 'service' | 'index'>): Output {
    const {service, index, id} = record
    const names = pipeNames(id)
    const tag = parseInstanceId(id)?.tag ?? id
    const log = this.#logs.acquire(service, index)
    const captures = (['stdout', 'stderr'] as const)
      .filter((stream) => existsSync(this.#fifos.path(names[stream])))
      .map((stream) =>
        captureLines(this.#fifos.path(names[stream]), this.#buffer, (lines) =>
          log.append(formatLines(lines, stream === 'stdout' ? 'o' : 'e', tag)),
        ),
      )
    const ended = Promise.all(captures.map((capture) => capture.ended)).then(() => this.#logs.release(service, index))
    return {
      ended,
      settle: () => Promise.race([ended, delay(LAST_WORDS_MS, undefined, {ref: false})]),
      note: (text) => log.append(formatLines(text, 'e', tag)),
      close: () => {
        for (const capture of captures) capture.close()
      },
    }
  }
}
