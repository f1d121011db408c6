import {finished} from 'node:stream'
import {type ExecOptions, OmniError, reasonOf} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import {readWire} from '../client/answer.ts'
import type {IncusClient, IncusSocket} from '../client/client.ts'
import type {Operation} from '../client/wire.ts'

/** The connections of one program. */
export interface Attached {
  readonly control: IncusSocket
  /** True when all output has come, false when a connection was lost before; rejects with what the caller threw. */
  readonly output: Promise<boolean>
  close(): void
}

const secretsWire = z.object({fds: z.record(z.string(), z.string())})
/** End of transmission, as a terminal knows it. */
const EOT = '\u0004'

/** Opens all of them. The program starts when the streams are there, and its control is refused after its end: it comes first. */
export async function attach(
  client: Pick<IncusClient, 'socket'>,
  {id, metadata}: Operation,
  options: ExecOptions,
): Promise<Attached> {
  const {fds} = readWire(secretsWire, metadata, 'exec')
  const opened = new Map<string, IncusSocket>()
  let isClosed = false
  const closeAll = () => {
    isClosed = true
    for (const socket of opened.values()) socket.close()
  }
  const open = async ([fd, secret]: [string, string]) => {
    const socket = await client.socket(`/operations/${id}/websocket`, {secret}, {signal: options.signal})
    opened.set(fd, socket)
    if (isClosed) socket.close()
  }
  const {control, ...streams} = fds
  try {
    if (control !== undefined) await open(['control', control])
    await Promise.all(Object.entries(streams).map(open))
    return connect(opened, options, closeAll)
  } catch (error) {
    closeAll()
    throw error
  }
}

function connect(opened: ReadonlyMap<string, IncusSocket>, options: ExecOptions, closeAll: () => void): Attached {
  const socketOf = (fd: string): IncusSocket => {
    const socket = opened.get(fd)
    if (socket === undefined) throw new OmniError('UNAVAILABLE', `Incus gave no connection for '${fd}'`)
    return socket
  }
  const {terminal, stdin, onStdout, onStderr} = options
  const [control, input] = [socketOf('control'), socketOf('0')]
  control.onFrame(() => undefined)
  const output = Promise.withResolvers<boolean>()
  const outputs =
    terminal === undefined
      ? [receive(socketOf('1'), onStdout), receive(socketOf('2'), onStderr)]
      : // The operation goes on until the connection of a terminal is closed from here.
        [receive(input, onStdout).finally(() => input.close())]
  for (const one of outputs) one.then((isWhole) => isWhole || output.resolve(false), output.reject)
  void Promise.all(outputs).then(() => output.resolve(true), output.reject)
  if (terminal === undefined) input.onFrame(() => undefined)
  const stopInput = sendInput(input, {stdin, end: terminal === undefined ? '' : Buffer.from(EOT)}, output.reject)
  const stopSizes = terminal?.onResize(({columns, rows}) => {
    const size = {command: 'window-resize', args: {width: String(columns), height: String(rows)}}
    control.send(JSON.stringify(size)).catch(() => undefined)
  })
  return {
    control,
    output: output.promise,
    close() {
      stopInput()
      stopSizes?.()
      closeAll()
    },
  }
}

/** True at the empty text frame that ends a stream, false when the connection ends without it. */
async function receive(socket: IncusSocket, take: ((chunk: Buffer) => unknown) | undefined): Promise<boolean> {
  const {promise, resolve, reject} = Promise.withResolvers<boolean>()
  socket.onFrame(async (frame, isBinary) => {
    if (isBinary) {
      try {
        await take?.(frame)
      } catch (error) {
        reject(error)
      }
    } else if (frame.length === 0) {
      resolve(true)
    }
  })
  void socket.closed.then(() => resolve(false))
  return promise
}

interface Input {
  readonly stdin: NodeJS.ReadableStream | undefined
  /** What tells that no more comes. */
  readonly end: Buffer | string
}

/** No more is read than the server takes. Returns what ends it. */
function sendInput(socket: IncusSocket, {stdin, end}: Input, reject: (error: Error) => void): () => void {
  // A program may end without having read all: what is left is of no use to anybody.
  const send = (frame: Buffer | string) => socket.send(frame).catch(() => undefined)
  if (stdin === undefined) {
    void send(end)
    return () => undefined
  }
  let isOver = false
  const take = async (data: Buffer | string) => {
    stdin.pause()
    await send(typeof data === 'string' ? Buffer.from(data) : data)
    // Else an input without an end would keep the process alive.
    if (!isOver) stdin.resume()
  }
  const forget = finished(stdin, {writable: false}, (error) => {
    if (error === undefined || error === null) void send(end)
    else reject(new OmniError('IO', `cannot read what is to be sent: ${reasonOf(error)}`, {cause: error}))
  })
  stdin.on('data', take)
  return () => {
    isOver = true
    stdin.off('data', take)
    stdin.pause()
    forget()
  }
}
