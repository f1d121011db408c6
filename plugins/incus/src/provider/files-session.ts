import type {Duplex} from 'node:stream'
import {OmniError} from '@omni-cli/sdk'
import {PACKET, PacketReader, packetHead, type Reply, STATUS} from './files-packets.ts'

/** A connection that carries requests about files; many may be under way at once. */
export interface Session {
  /** Resolves with the reply; a status other than ok and end of file rejects. */
  request(kind: number, ...fields: readonly Buffer[]): Promise<Reply>
  readonly isOpen: boolean
  /** Ends it; what is under way rejects with the error. */
  close(error?: Error): void
}

interface Waiting {
  resolve(reply: Reply): void
  reject(error: unknown): void
}

const VERSION = 3

/** Speaks first on a fresh connection, and resolves when the other side knows the protocol. */
export async function openSession(socket: Duplex): Promise<Session> {
  const waiting = new Map<number, Waiting>()
  const greeted = Promise.withResolvers<void>()
  let lastId = 0
  const fail = (error: Error) => {
    greeted.reject(error)
    for (const {reject} of waiting.values()) reject(error)
    waiting.clear()
  }
  onPackets(socket, (kind, payload) => {
    if (kind === PACKET.version) return greeted.resolve()
    const body = new PacketReader(payload)
    const id = body.uint32()
    const asked = waiting.get(id)
    waiting.delete(id)
    asked?.resolve({kind, body})
  })
  socket.on('error', (error) => fail(lost(error)))
  socket.on('close', () => fail(lost()))
  socket.write(packetHead(PACKET.init, VERSION, []))
  await greeted.promise
  return {
    get isOpen() {
      return !socket.destroyed && socket.writable
    },
    async request(kind, ...fields) {
      if (socket.destroyed) throw lost()
      lastId = (lastId + 1) % 0xffff_ffff
      const reply = Promise.withResolvers<Reply>()
      waiting.set(lastId, reply)
      send(socket, [packetHead(kind, lastId, fields), ...fields])
      return checked(await reply.promise)
    },
    close(error) {
      fail(error ?? lost())
      socket.destroy()
    },
  }
}

/** In one go, and without a copy of what may be large. */
function send(socket: Duplex, parts: readonly Buffer[]): void {
  socket.cork()
  for (const part of parts) socket.write(part)
  socket.uncork()
}

/** A failure as the other side of the connection tells it. */
export class FileFailure extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'FileFailure'
    this.status = status
  }
}

function checked(reply: Reply): Reply {
  if (reply.kind !== PACKET.status) return reply
  const status = reply.body.uint32()
  if (status === STATUS.ok || status === STATUS.end) return reply
  throw new FileFailure(status, reply.body.bytes().toString('utf8'))
}

const lost = (cause?: Error): OmniError =>
  new OmniError('UNAVAILABLE', 'the connection to the files of the instance was cut', {cause, retryable: true})

/** Cuts the stream into packets; calls back with the kind of each and what follows it. */
function onPackets(socket: Duplex, take: (kind: number, payload: Buffer) => void): void {
  let parts: Buffer[] = []
  let size = 0
  let wanted = 4
  socket.on('data', (chunk: Buffer) => {
    parts.push(chunk)
    size += chunk.length
    if (size < wanted) return
    let rest = parts.length === 1 ? chunk : Buffer.concat(parts, size)
    wanted = 4
    while (rest.length >= 4) {
      const end = 4 + rest.readUInt32BE(0)
      if (rest.length < end) {
        wanted = end
        break
      }
      take(rest.readUInt8(4), rest.subarray(5, end))
      rest = rest.subarray(end)
    }
    parts = rest.length === 0 ? [] : [rest]
    size = rest.length
  })
}
