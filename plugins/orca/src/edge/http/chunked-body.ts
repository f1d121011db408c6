import {CR, FIELD_VALUE, LF, SEMICOLON} from './characters.ts'
import {parseFields} from './fields.ts'
import type {Body} from './framing.ts'
import {MAX_CHUNK_LINE_BYTES, MAX_HEAD_BYTES} from './limits.ts'
import {TRAILER_NAMES} from './names.ts'
import {Refusal} from './refusal.ts'

type State = 'size' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailer' | 'done'

/** 2^52 and more cannot be counted exactly. */
const MAX_SIZE_DIGITS = 12

/** An unfinished trailer is forwarded already: no byte in it may look like the end of the message to a lenient reader. */
const UNCLEAR_LINES = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n|$)|(?<!\r)\n/

/** Follows chunked framing strictly. Bytes are only watched, unless `payload` asks for the bare data. */
export class ChunkedBody implements Body {
  #state: State = 'size'
  #rest = 0
  #lineBytes = 0
  #trailer = ''
  /** Data of the chunks seen by `take`, for a peer that does not know chunks; the reader empties it. */
  readonly payload: Buffer[] | undefined

  constructor(payload?: Buffer[]) {
    this.payload = payload
  }

  get isDone(): boolean {
    return this.#state === 'done'
  }

  take(bytes: Buffer, from: number): number {
    let position = from
    while (position < bytes.length && this.#state !== 'done') {
      if (this.#state === 'data') position = this.#skipData(bytes, position)
      else if (this.#state === 'trailer') position = this.#readTrailer(bytes, position)
      else this.#step(bytes[position++] ?? 0)
    }
    return position
  }

  #skipData(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + this.#rest)
    this.payload?.push(bytes.subarray(from, end))
    this.#rest -= end - from
    if (this.#rest === 0) this.#state = 'data-cr'
    return end
  }

  #step(byte: number): void {
    switch (this.#state) {
      case 'size':
        this.#readSize(byte)
        return
      case 'extension':
        this.#readExtension(byte)
        return
      case 'size-lf':
        this.#expect(byte, LF)
        this.#lineBytes = 0
        this.#state = this.#rest === 0 ? 'trailer' : 'data'
        return
      case 'data-cr':
        this.#expect(byte, CR)
        this.#state = 'data-lf'
        return
      default:
        this.#expect(byte, LF)
        this.#state = 'size'
    }
  }

  #readSize(byte: number): void {
    const digit = hexDigit(byte)
    if (digit >= 0 && this.#lineBytes < MAX_SIZE_DIGITS) {
      this.#rest = this.#rest * 16 + digit
      this.#lineBytes++
      return
    }
    if (this.#lineBytes === 0) throw malformed()
    if (byte === SEMICOLON) this.#state = 'extension'
    else this.#endSizeLine(byte)
  }

  #readExtension(byte: number): void {
    if (FIELD_VALUE[byte] !== 1) this.#endSizeLine(byte)
    else if (++this.#lineBytes > MAX_CHUNK_LINE_BYTES) throw malformed()
  }

  #endSizeLine(byte: number): void {
    this.#expect(byte, CR)
    this.#state = 'size-lf'
  }

  #expect(byte: number, wanted: number): void {
    if (byte !== wanted) throw malformed()
  }

  /** Fields after the last chunk: checked like a header, and none of those that steer a message. */
  #readTrailer(bytes: Buffer, from: number): number {
    const before = this.#trailer.length
    const text = this.#trailer + bytes.toString('latin1', from, Math.min(bytes.length, from + MAX_HEAD_BYTES))
    const end = text.startsWith('\r\n') ? 2 : text.indexOf('\r\n\r\n', Math.max(0, before - 3)) + 4
    if (end < 4 && end !== 2) {
      if (text.length >= MAX_HEAD_BYTES || UNCLEAR_LINES.test(text)) throw malformed()
      this.#trailer = text
      return bytes.length
    }
    parseFields(text.slice(0, end), 0, TRAILER_NAMES)
    this.#state = 'done'
    return from + end - before
  }
}

const malformed = (): Refusal => new Refusal(400, 'malformed chunked framing')

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
