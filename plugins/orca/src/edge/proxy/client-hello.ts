/** `more`: not all of it is here yet. `other`: no TLS, or a form that only TLS itself can judge. */
export type ClientHello = 'more' | 'other' | {readonly serverName: string | undefined}

const HANDSHAKE = 22
const CLIENT_HELLO = 1
const SERVER_NAME = 0
const HOST_NAME = 0
const RECORD_HEAD_BYTES = 5

/** Whether the first byte of a connection begins TLS. */
export const beginsTls = (byte: number | undefined): boolean => byte === HANDSHAKE

/** Reads the server name from the first record of a TLS connection. Whatever the bytes are, it does not throw. */
export function readClientHello(bytes: Buffer): ClientHello {
  if (!beginsTls(bytes[0])) return 'other'
  if (bytes.length < RECORD_HEAD_BYTES) return 'more'
  const end = RECORD_HEAD_BYTES + bytes.readUInt16BE(3)
  if (bytes.length < end) return 'more'
  try {
    return helloIn(new Reader(bytes.subarray(RECORD_HEAD_BYTES, end)))
  } catch (error) {
    if (error instanceof RangeError) return 'other'
    throw error
  }
}

function helloIn(record: Reader): ClientHello {
  if (record.uint(1) !== CLIENT_HELLO) return 'other'
  const hello = record.vector(3)
  hello.skip(2 + 32)
  hello.vector(1)
  hello.vector(2)
  hello.vector(1)
  if (hello.isAtEnd) return {serverName: undefined}
  const extensions = hello.vector(2)
  while (!extensions.isAtEnd) {
    const type = extensions.uint(2)
    const extension = extensions.vector(2)
    if (type === SERVER_NAME) return {serverName: hostNameIn(extension.vector(2))}
  }
  return {serverName: undefined}
}

function hostNameIn(names: Reader): string | undefined {
  while (!names.isAtEnd) {
    const type = names.uint(1)
    const name = names.vector(2)
    if (type === HOST_NAME) return name.text()
  }
  return undefined
}

/** RangeError when there is less than is asked for. */
class Reader {
  readonly #bytes: Buffer
  #position = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#bytes.length
  }

  uint(size: number): number {
    const value = this.#bytes.readUIntBE(this.#position, size)
    this.#position += size
    return value
  }

  skip(size: number): void {
    this.#take(size)
  }

  /** What follows a length of so many bytes. */
  vector(lengthSize: number): Reader {
    return new Reader(this.#take(this.uint(lengthSize)))
  }

  text(): string {
    return this.#bytes.toString('latin1')
  }

  #take(size: number): Buffer {
    const end = this.#position + size
    if (end > this.#bytes.length) throw new RangeError('the message ends early')
    const part = this.#bytes.subarray(this.#position, end)
    this.#position = end
    return part
  }
}
