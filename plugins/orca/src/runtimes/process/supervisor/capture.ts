import {constants, openSync} from 'node:fs'
import {Socket} from 'node:net'
import {createLineCutter} from './line-cutter.ts'

export interface Capture {
  /** Resolves when nobody has the writing end open any more and all of it has been handed on. */
  readonly ended: Promise<void>
  /** Lets go of the pipe; what is in it stays there. */
  close(): void
}

/**
 * Reads the pipe and hands on whole lines. `buffer` may be shared by all captures: a chunk is worked off before the next
 * is read. Reading never blocks, and the bytes of a pipe that nobody reads wait in it.
 */
export function captureLines(path: string, buffer: Buffer, emit: (lines: string) => void): Capture {
  const cutter = createLineCutter(emit)
  const {promise: ended, resolve} = Promise.withResolvers<void>()
  const socket = new Socket({
    fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false,
    onread: {
      buffer,
      callback: (length) => {
        cutter.push(buffer.subarray(0, length))
        // One chunk, then everybody else: libuv would go on with this pipe for as long as it has bytes.
        setImmediate(() => socket.resume())
        return false
      },
    },
  })
  socket.once('error', () => socket.destroy())
  socket.once('close', () => {
    cutter.end()
    resolve()
  })
  socket.resume()
  return {ended, close: () => socket.destroy()}
}
