import type {Duplex} from 'node:stream'

/** One stream of a connection. */
export interface SpdyStream {
  /** Resolves when more can be taken. */
  send(data: Buffer): Promise<void>
  /** No more comes from us. */
  end(): Promise<void>
}

export interface SpdyListener {
  /** May return a promise: nothing is read from the connection until it has resolved. */
  onData?(chunk: Buffer): unknown
  /** No more comes from the other side. */
  onEnd?(): void
}

export interface SpdyConnection {
  open(headers: Readonly<Record<string, string>>, listener: SpdyListener): Promise<SpdyStream>
  /** Resolves when the connection has ended; rejects with what a listener threw. */
  readonly closed: Promise<void>
  close(): void
}

const VERSION = 3
const CONTROL = 0x80
const FIN = 0x01
/** Frames of a control type that matter here. */
const [SYN_STREAM, RST_STREAM, PING, GOAWAY] = [1, 3, 6, 7]
const HEAD = 8
const FRAME_LIMIT = 16 * 1024 * 1024
/** Larger pieces are sent as several frames. */
const PIECE = 256 * 1024

/**
 * The client's half of SPDY/3.1 as API servers and kubelets speak it: without flow control of its own, so that TCP's is
 * that of all streams. https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1
 */
export function openSpdy(socket: Duplex): SpdyConnection {
  const listeners = new Map<number, SpdyListener>()
  const encode = headerEncoder()
  let last = -1
  const write = (...parts: Buffer[]): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.write(Buffer.concat(parts), (error) => (error === undefined || error === null ? resolve() : reject(error)))
    })
  const finish = (id: number) => {
    listeners.get(id)?.onEnd?.()
    listeners.delete(id)
  }
  const take = async ({isControl, type, id, flags, payload}: Frame): Promise<boolean> => {
    if (!isControl) {
      if (payload.length > 0) await listeners.get(id)?.onData?.(payload)
      if ((flags & FIN) !== 0) finish(id)
      return true
    }
    if (type === PING && payload.length === 4 && payload.readUInt32BE(0) % 2 === 0) await write(control(PING, payload))
    if (type === RST_STREAM && payload.length >= 4) finish(payload.readUInt32BE(0) & 0x7fffffff)
    return type !== GOAWAY
  }
  const read = async () => {
    try {
      for await (const frame of framesOf(socket)) if (!(await take(frame))) break
    } finally {
      socket.destroy()
      for (const id of [...listeners.keys()]) finish(id)
    }
  }
  socket.on('error', () => undefined)
  const closed = read()
  closed.catch(() => undefined)
  return {
    closed,
    async open(headers, listener) {
      last += 2
      const id = last
      listeners.set(id, listener)
      await write(control(SYN_STREAM, Buffer.concat([uint32(id), uint32(0), Buffer.from([0, 0]), encode(headers)])))
      return {
        async send(data) {
          for (let at = 0; at < data.length; at += PIECE) {
            const piece = data.subarray(at, at + PIECE)
            await write(head(id, 0, piece.length), piece)
          }
        },
        end: () => write(head(id, FIN, 0)),
      }
    },
    close: () => void socket.destroy(),
  }
}

interface Frame {
  readonly isControl: boolean
  readonly type: number
  readonly id: number
  readonly flags: number
  readonly payload: Buffer
}

async function* framesOf(socket: Duplex): AsyncGenerator<Frame> {
  let pending: Buffer[] = []
  let size = 0
  let needed = HEAD
  for await (const chunk of readable(socket)) {
    pending.push(chunk)
    size += chunk.length
    if (size < needed) continue
    let rest = Buffer.concat(pending)
    while (rest.length >= HEAD) {
      const length = rest.readUIntBE(5, 3)
      if (length > FRAME_LIMIT) throw new Error(`a frame of ${length} bytes`)
      needed = HEAD + length
      if (rest.length < needed) break
      yield frameOf(rest.subarray(0, HEAD), rest.subarray(HEAD, needed))
      rest = rest.subarray(needed)
      needed = HEAD
    }
    pending = [rest]
    size = rest.length
  }
}

/** What comes until the connection ends, however it does. */
async function* readable(socket: Duplex): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of socket) yield chunk
  } catch (error) {
    // A cut connection is an end; who waits for more tells what is missing.
    if (!(error instanceof Error && 'code' in error)) throw error
  }
}

const frameOf = (start: Buffer, payload: Buffer): Frame => {
  const isControl = ((start[0] ?? 0) & CONTROL) !== 0
  const flags = start[4] ?? 0
  return {isControl, flags, payload, type: start.readUInt16BE(2), id: start.readUInt32BE(0) & 0x7fffffff}
}

/** The first eight bytes of a data frame. */
function head(id: number, flags: number, length: number): Buffer {
  const start = Buffer.alloc(HEAD)
  start.writeUInt32BE(id, 0)
  start[4] = flags
  start.writeUIntBE(length, 5, 3)
  return start
}

function control(type: number, payload: Buffer): Buffer {
  const start = Buffer.alloc(HEAD)
  start.writeUInt16BE((CONTROL << 8) | VERSION, 0)
  start.writeUInt16BE(type, 2)
  start.writeUIntBE(payload.length, 5, 3)
  return Buffer.concat([start, payload])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/**
 * Header blocks are one zlib stream over the life of a connection, flushed after each. It says by itself that it uses no
 * dictionary; later blocks do not refer to earlier ones. What servers send in theirs is not needed.
 */
function headerEncoder(): (headers: Readonly<Record<string, string>>) => Buffer {
  const {deflateSync, deflateRawSync, constants} = process.getBuiltinModule('node:zlib')
  let isFirst = true
  return (headers) => {
    const pairs = Object.entries(headers)
    const text = (value: string) => [uint32(Buffer.byteLength(value)), Buffer.from(value)]
    const block = Buffer.concat([uint32(pairs.length), ...pairs.flatMap((pair) => pair.flatMap(text))])
    const deflate = isFirst ? deflateSync : deflateRawSync
    isFirst = false
    return deflate(block, {finishFlush: constants.Z_SYNC_FLUSH})
  }
}
