import {isUtf8} from 'node:buffer'

/* Packets of the SSH File Transfer Protocol, version 3: what Incus speaks for the files of an instance. */

/** Kinds of requests and replies. */
export const PACKET = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  stat: 17,
  readlink: 19,
  symlink: 20,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attributes: 105,
  extended: 200,
} as const

/** Codes of a status reply. */
export const STATUS = {ok: 0, end: 1, missing: 2, denied: 3, failure: 4} as const

/** How a file is opened. */
export const OPEN = {read: 0x01, write: 0x02, create: 0x08, truncate: 0x10, exclusive: 0x20} as const

export interface Attributes {
  readonly sizeBytes?: number | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  /** Type of the file and permission bits. */
  readonly mode?: number | undefined
}

export interface Reply {
  readonly kind: number
  readonly body: PacketReader
}

const HAS = {size: 0x1, owner: 0x2, mode: 0x4, times: 0x8, extended: 0x8000_0000} as const

/** What stands before the fields of a packet. `init` has its version for an id. */
export function packetHead(kind: number, id: number, fields: readonly Buffer[]): Buffer {
  const head = Buffer.allocUnsafe(9)
  head.writeUInt32BE(5 + fields.reduce((sum, field) => sum + field.length, 0), 0)
  head.writeUInt8(kind, 4)
  head.writeUInt32BE(id, 5)
  return head
}

export function uint32(value: number): Buffer {
  const field = Buffer.allocUnsafe(4)
  field.writeUInt32BE(value)
  return field
}

export function uint64(value: number): Buffer {
  const field = Buffer.allocUnsafe(8)
  field.writeBigUInt64BE(BigInt(value))
  return field
}

/** A path with its length in front. */
export const path = (value: string): Buffer => sized(toPathBytes(value))

/** Bytes with their length in front. */
export const sized = (value: Buffer): Buffer => Buffer.concat([uint32(value.length), value])

/** Only what is given is changed by it. */
export function attributes({uid, gid, mode}: Attributes): Buffer {
  const hasOwner = uid !== undefined && gid !== undefined
  return Buffer.concat([
    uint32((hasOwner ? HAS.owner : 0) | (mode === undefined ? 0 : HAS.mode)),
    ...(hasOwner ? [uint32(uid), uint32(gid)] : []),
    ...(mode === undefined ? [] : [uint32(mode)]),
  ])
}

/** Reads the fields of a packet one after the other. */
export class PacketReader {
  readonly #buffer: Buffer
  #at = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  uint32(): number {
    this.#at += 4
    return this.#buffer.readUInt32BE(this.#at - 4)
  }

  uint64(): number {
    this.#at += 8
    return Number(this.#buffer.readBigUInt64BE(this.#at - 8))
  }

  bytes(): Buffer {
    const length = this.uint32()
    if (this.#at + length > this.#buffer.length) throw new RangeError('a field is longer than its packet')
    this.#at += length
    return this.#buffer.subarray(this.#at - length, this.#at)
  }

  path(): string {
    return fromPathBytes(this.bytes())
  }

  attributes(): Attributes {
    const flags = this.uint32()
    const sizeBytes = flags & HAS.size ? this.uint64() : undefined
    const uid = flags & HAS.owner ? this.uint32() : undefined
    const gid = flags & HAS.owner ? this.uint32() : undefined
    const mode = flags & HAS.mode ? this.uint32() : undefined
    if (flags & HAS.times) this.#at += 8
    if (flags & HAS.extended) {
      for (let left = this.uint32() * 2; left > 0; left--) this.bytes()
    }
    return {sizeBytes, uid, gid, mode}
  }
}

/** Names need not be UTF-8: such a name has a lone surrogate U+DC80–U+DCFF for each byte from 0x80, and is written back so. */
export function fromPathBytes(name: Buffer): string {
  if (isUtf8(name)) return name.toString('utf8')
  return String.fromCharCode(...Array.from(name, (byte) => (byte < 0x80 ? byte : 0xdc00 + byte)))
}

function toPathBytes(path: string): Buffer {
  if (path.isWellFormed()) return Buffer.from(path, 'utf8')
  return Buffer.concat(
    Array.from(path, (letter) => {
      const code = letter.codePointAt(0) ?? 0
      return code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - 0xdc00) : Buffer.from(letter, 'utf8')
    }),
  )
}
