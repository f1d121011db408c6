import {findTail} from './backwards.ts'
import {parseStoredLine, type StoredLine} from './format.ts'
import {closeAll, type OpenLog, openRotated, openSuccessor} from './rotated-files.ts'

const BLOCK_BYTES = 64 * 1024
const LINE_END = 0x0a

export interface CursorOptions {
  /** Last N lines only. */
  readonly tail?: number | undefined
  /** UTC, as in the file. */
  readonly since?: string | undefined
  /** Goes on with what is written later; else it ends with what is there now. */
  readonly follow?: boolean | undefined
}

/** Reads one log forwards, over its rotations, also those that happen meanwhile. */
export class LogCursor {
  readonly #path: string
  readonly #options: CursorOptions
  readonly #block = Buffer.allocUnsafe(BLOCK_BYTES)
  #log: OpenLog | undefined
  #offset = 0
  /** Bytes that may still be read: a busy writer must not make a finite read endless. */
  #budget = Number.POSITIVE_INFINITY
  #carry: Buffer = Buffer.alloc(0)
  #lines: StoredLine[] = []
  #next = 0

  constructor(path: string, options: CursorOptions = {}) {
    this.#path = path
    this.#options = options
  }

  /** The next line without taking it; undefined when there is none (yet). */
  async peek(): Promise<StoredLine | undefined> {
    return this.ready ?? (await this.#fill())
  }

  /** The next line as far as it is in memory. */
  get ready(): StoredLine | undefined {
    return this.#lines[this.#next]
  }

  take(): void {
    this.#next++
  }

  async close(): Promise<void> {
    await this.#log?.handle.close()
    this.#log = undefined
    this.#budget = 0
  }

  async #fill(): Promise<StoredLine | undefined> {
    this.#lines = []
    this.#next = 0
    if (this.#log === undefined) await this.#start()
    while (this.#lines.length === 0 && this.#log !== undefined) {
      if (await this.#read()) continue
      const successor = this.#budget > 0 ? await openSuccessor(this.#path, this.#log.inode) : undefined
      if (successor === undefined) return undefined
      // Lines may have been written between the end that we saw and the rotation.
      while (await this.#read());
      await this.#log.handle.close()
      this.#log = successor
      this.#offset = 0
      this.#carry = Buffer.alloc(0)
    }
    return this.ready
  }

  async #start(): Promise<void> {
    if (this.#budget === 0) return
    const {tail, since, follow} = this.#options
    const logs = await openRotated(this.#path)
    const recent = since === undefined ? logs : logs.filter((log) => log.changedAtMs >= Date.parse(since))
    const start =
      tail === undefined ? recent[0] && {log: recent[0], offset: 0} : await findTail(recent, Math.max(0, tail))
    this.#log = start?.log ?? (follow ? logs.at(-1) : undefined)
    this.#offset = start?.offset ?? this.#log?.size ?? 0
    if (!follow) this.#budget = remainingBytes(logs, this.#log, this.#offset)
    await closeAll(logs.filter((log) => log !== this.#log))
  }

  /** False at the end of the file. */
  async #read(): Promise<boolean> {
    if (this.#log === undefined || this.#budget === 0) return false
    const length = Math.min(BLOCK_BYTES, this.#budget)
    const {bytesRead} = await this.#log.handle.read(this.#block, 0, length, this.#offset)
    this.#offset += bytesRead
    this.#budget -= bytesRead
    if (bytesRead > 0) this.#cut(this.#block.subarray(0, bytesRead))
    return bytesRead > 0
  }

  #cut(block: Buffer): void {
    const end = block.lastIndexOf(LINE_END)
    if (end < 0) {
      this.#carry = Buffer.concat([this.#carry, block])
      return
    }
    const whole = Buffer.concat([this.#carry, block.subarray(0, end)]).toString('utf8')
    this.#carry = Buffer.from(block.subarray(end + 1))
    const {since} = this.#options
    for (const text of whole.split('\n')) {
      const line = parseStoredLine(text)
      if (line !== undefined && (since === undefined || line.time >= since)) this.#lines.push(line)
    }
  }
}

function remainingBytes(logs: readonly OpenLog[], start: OpenLog | undefined, offset: number): number {
  if (start === undefined) return 0
  const index = logs.indexOf(start)
  return logs.slice(index).reduce((sum, log) => sum + log.size, -offset)
}
