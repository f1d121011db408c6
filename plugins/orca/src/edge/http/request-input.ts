import {CR, LF} from './characters.ts'
import {checkUnfinishedHead, findHeadEnd} from './head-end.ts'

/** Bytes of a client that were read and not used yet. */
export class RequestInput {
  #bytes: Buffer | undefined
  /** So many of them are known not to hold the end of a head. */
  #scanned = 0

  get isEmpty(): boolean {
    return this.#bytes === undefined
  }

  add(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#bytes = this.#bytes === undefined ? chunk : Buffer.concat([this.#bytes, chunk])
  }

  /** All of them. */
  take(): Buffer | undefined {
    const bytes = this.#bytes
    this.#bytes = undefined
    this.#scanned = 0
    return bytes
  }

  /** Text of a complete request head, or undefined while more must be read. Refusal as soon as it cannot become a good one. */
  takeHead(): string | undefined {
    const bytes = this.#withoutEmptyLine()
    if (bytes === undefined) return undefined
    const end = findHeadEnd(bytes, this.#scanned)
    if (end < 0) {
      checkUnfinishedHead(bytes, this.#scanned)
      this.#scanned = bytes.length
      return undefined
    }
    this.#bytes = end === bytes.length ? undefined : bytes.subarray(end)
    this.#scanned = 0
    return bytes.toString('latin1', 0, end)
  }

  /** One empty line before a request is tolerated (RFC 9112, 2.2). */
  #withoutEmptyLine(): Buffer | undefined {
    const bytes = this.#bytes
    if (bytes === undefined || bytes[0] !== CR || bytes[1] !== LF) return bytes
    this.#bytes = bytes.length === 2 ? undefined : bytes.subarray(2)
    this.#scanned = 0
    return this.#bytes
  }
}
