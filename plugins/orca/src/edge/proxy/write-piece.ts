import type {Socket} from 'node:net'

/** Below this size one string costs less than two writes. */
const MAX_JOINED_BYTES = 16_384

/** Writes a head and the bytes that came with it in one system call; false when the socket wants a pause. */
export function writePiece(socket: Socket, text: string, bytes: Buffer | undefined, from: number, to: number): boolean {
  const size = to - from
  if (bytes === undefined || size === 0) return text === '' || socket.write(text, 'latin1')
  if (text === '') return socket.write(size === bytes.length ? bytes : bytes.subarray(from, to))
  if (size <= MAX_JOINED_BYTES) return socket.write(text + bytes.toString('latin1', from, to), 'latin1')
  socket.cork()
  socket.write(text, 'latin1')
  const isFlowing = socket.write(bytes.subarray(from, to))
  socket.uncork()
  return isFlowing
}
