import {isAscii} from 'node:buffer'
import type {OpenLog} from './rotated-files.ts'

const BLOCK_BYTES = 256 * 1024
/** What is made of larger texts survives the young generation, which costs twice the time. */
const PIECE_BYTES = 64 * 1024
/** More without a line end is no log. */
const LONGEST_BYTES = 16 * 1024 * 1024
const LINE_END = 0x0a

/** Whole lines of a file as texts, forwards, without the last line end of each. */
export class LogTexts {
  readonly #log: OpenLog
  readonly #limit: number
  #offset: number
  #block = Buffer.alloc(0)
  #start = 0
  #end = 0

  /** @param limit offset where it ends, however much is written meanwhile. Default: none */
  constructor(log: OpenLog, offset: number, limit: number = Number.POSITIVE_INFINITY) {
    this.#log = log
    this.#offset = offset
    this.#limit = limit
  }

  get log(): OpenLog {
    return this.#log
  }

  /** Undefined when there is no whole line (yet). */
  async next(): Promise<string | undefined> {
    for (;;) {
      const text = this.#cut()
      if (text !== undefined || !(await this.#fill())) return text
    }
  }

  #cut(): string | undefined {
    const rest = this.#block.subarray(this.#start, this.#end)
    const last = rest.subarray(0, PIECE_BYTES).lastIndexOf(LINE_END)
    const length = last >= 0 || rest.length <= PIECE_BYTES ? last : rest.indexOf(LINE_END, PIECE_BYTES)
    if (length < 0) return undefined
    this.#start += length + 1
    const piece = rest.subarray(0, length)
    return piece.toString(isAscii(piece) ? 'latin1' : 'utf8')
  }

  async #fill(): Promise<boolean> {
    this.#makeRoom()
    const wanted = Math.min(this.#block.length - this.#end, this.#limit - this.#offset)
    const bytes =
      wanted <= 0 ? 0 : await this.#log.read(this.#block.subarray(this.#end, this.#end + wanted), this.#offset)
    this.#offset += bytes
    this.#end += bytes
    if (bytes > 0) return true
    // Nobody knows for how long there is nothing.
    this.#block = Buffer.from(this.#block.subarray(0, this.#end))
    return this.#isCut()
  }

  #makeRoom(): void {
    const rest = this.#block.subarray(this.#start, this.#end)
    const kept = rest.length > LONGEST_BYTES ? Buffer.alloc(0) : rest
    const isTight = this.#block.length < BLOCK_BYTES || kept.length > this.#block.length / 2
    const block = isTight ? Buffer.allocUnsafe(BLOCK_BYTES + 2 * kept.length) : this.#block
    kept.copy(block)
    this.#block = block
    this.#start = 0
    this.#end = kept.length
  }

  /** Somebody emptied the file: it begins anew. */
  async #isCut(): Promise<boolean> {
    if ((await this.#log.size()) >= Math.min(this.#offset, this.#limit)) return false
    this.#offset = 0
    this.#end = 0
    return this.#limit === Number.POSITIVE_INFINITY
  }
}
