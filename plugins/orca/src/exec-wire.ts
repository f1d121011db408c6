import type {ErrorBody, TerminalSize} from '@omni-cli/sdk'
import type {RawData, WebSocket} from 'ws'

/**
 * What client and server of an exec say to each other: binary frames, whose first byte says what the rest is. Input
 * goes to the server, output to the client, control messages (JSON) both ways.
 */
export const FRAME = {input: 0, stdout: 1, stderr: 2, control: 3} as const

/** Longer frames end the connection. */
export const MAX_FRAME_BYTES = 1024 * 1024
/** Input is cut into frames of this size. */
export const INPUT_BYTES = 64 * 1024

export type ClientMessage =
  | ({readonly type: 'resize'} & TerminalSize)
  /** The input has ended. */
  | {readonly type: 'end'}

export type ServerMessage =
  | {readonly type: 'exit'; readonly code: number}
  | {readonly type: 'error'; readonly error: ErrorBody}

/** Why a server ends a connection, as the status of its end. */
export const CLOSED = {revoked: 4401, stopping: 4503} as const

export const frameOf = (kind: number, chunk: Buffer): Buffer => Buffer.concat([Buffer.of(kind), chunk])

export const controlFrame = (message: ClientMessage | ServerMessage): Buffer =>
  frameOf(FRAME.control, Buffer.from(JSON.stringify(message)))

/** The fields of a control message; undefined when it is none. */
export function readControl(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? {...value} : undefined
  } catch {
    return undefined
  }
}

/** Undefined for what is no size of a terminal. */
export function terminalSize(columns: unknown, rows: unknown): TerminalSize | undefined {
  const size = {columns: Number(columns), rows: Number(rows)}
  return Object.values(size).every((side) => Number.isInteger(side) && side >= 1 && side <= 10_000) ? size : undefined
}

/** A peer that does not answer for so long has gone. */
const PING_MS = 15_000

/** Ends a connection whose other side does not answer any more. Returns what ends the watch. */
export function keepAlive(socket: WebSocket): () => void {
  let isAlive = true
  socket.on('pong', () => {
    isAlive = true
  })
  const timer = setInterval(() => {
    if (!isAlive) socket.terminate()
    isAlive = false
    socket.ping()
  }, PING_MS)
  return () => clearInterval(timer)
}

export const bufferOf = (data: RawData): Buffer =>
  Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
