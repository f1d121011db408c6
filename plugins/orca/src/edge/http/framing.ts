import {ChunkedBody} from './chunked-body.ts'
import type {Fields} from './fields.ts'
import {Refusal} from './refusal.ts'

/** Finds the end of one body in the bytes that pass by. */
export interface Body {
  /** True when the whole body has passed. */
  readonly isDone: boolean
  /** Takes the bytes of this body from `from` on; returns the index after the last of them. Refusal when it is malformed. */
  take(bytes: Buffer, from: number): number
}

/** How the fields frame the body. `none` = they say nothing. */
export type Framing = {readonly kind: 'none' | 'chunked'} | {readonly kind: 'length'; readonly length: number}

const NONE: Framing = {kind: 'none'}
const CHUNKED: Framing = {kind: 'chunked'}

/** Reads the framing; everything that two readers might frame differently is refused with 400. */
export function framingOf(fields: Fields, minor: number): Framing {
  const {contentLength, transferEncoding} = fields
  if (transferEncoding !== undefined) {
    if (contentLength !== undefined) throw new Refusal(400, 'both Content-Length and Transfer-Encoding')
    if (minor === 0) throw new Refusal(400, 'Transfer-Encoding in HTTP/1.0')
    if (transferEncoding.toLowerCase() !== 'chunked') throw new Refusal(400, 'an unknown Transfer-Encoding')
    return CHUNKED
  }
  if (contentLength === undefined) return NONE
  // 15 digits stay below 2^53.
  if (!/^[0-9]{1,15}$/.test(contentLength)) throw new Refusal(400, 'a malformed Content-Length')
  return {kind: 'length', length: Number(contentLength)}
}

/** The body of a request: without framing it has none. */
export const requestBody = (framing: Framing): Body => bodyOf(framing) ?? EMPTY_BODY

/** The body of an answer: without framing it ends with the connection. */
export const responseBody = (framing: Framing): Body => bodyOf(framing) ?? CLOSE_DELIMITED_BODY

export const EMPTY_BODY: Body = {isDone: true, take: (_bytes, from) => from}

export const CLOSE_DELIMITED_BODY: Body = {isDone: false, take: (bytes) => bytes.length}

function bodyOf(framing: Framing): Body | undefined {
  if (framing.kind === 'chunked') return new ChunkedBody()
  if (framing.kind === 'length') return framing.length === 0 ? EMPTY_BODY : new LengthBody(framing.length)
  return undefined
}

class LengthBody implements Body {
  #rest: number

  constructor(length: number) {
    this.#rest = length
  }

  get isDone(): boolean {
    return this.#rest === 0
  }

  take(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + this.#rest)
    this.#rest -= end - from
    return end
  }
}
