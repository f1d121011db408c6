import {connect, type Socket} from 'node:net'
import {OmniError} from '@omni-cli/sdk'
import {writeJsonLine} from '../../json-lines.ts'
import {onJsonLines} from './lines.ts'
import {type EdgeCall, type EdgeEvent, edgeMessage} from './wire.ts'

/** A connection to the edge process. */
export interface Channel {
  readonly isOpen: boolean
  /** UNAVAILABLE when the process goes away before it answers, or does not answer in time. */
  call(call: EdgeCall, timeoutMs: number): Promise<unknown>
  /** Resolves when the connection has ended, from whichever side. */
  readonly closed: Promise<void>
  close(): void
}

/** Connects to the control socket; undefined when nobody listens there. */
export async function openChannel(path: string, onEvent: (event: EdgeEvent) => void): Promise<Channel | undefined> {
  const socket = await connected(path)
  if (socket === undefined) return undefined
  const pending = new Map<number, PromiseWithResolvers<unknown>>()
  const closed = Promise.withResolvers<void>()
  let lastId = 0
  onJsonLines(socket, (value) => {
    const parsed = edgeMessage.safeParse(value)
    if (!parsed.success) {
      socket.destroy()
      return
    }
    const message = parsed.data
    if ('event' in message) return onEvent(message)
    const waiting = pending.get(message.id)
    if ('error' in message) waiting?.reject(new Error(`edge: ${message.error}`))
    else waiting?.resolve(message.result)
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    for (const waiting of pending.values()) waiting.reject(gone())
    closed.resolve()
  })
  // An idle channel must not keep its process alive.
  socket.unref()
  return {
    get isOpen() {
      return !socket.destroyed
    },
    call: (call, timeoutMs) => {
      if (socket.destroyed) return Promise.reject(gone())
      const id = ++lastId
      const waiting = Promise.withResolvers<unknown>()
      const timer = setTimeout(() => waiting.reject(silent()), timeoutMs)
      pending.set(id, waiting)
      socket.ref()
      writeJsonLine(socket, {id, ...call})
      return waiting.promise.finally(() => {
        clearTimeout(timer)
        pending.delete(id)
        if (pending.size === 0) socket.unref()
      })
    },
    closed: closed.promise,
    close: () => socket.destroy(),
  }
}

const gone = (): OmniError =>
  new OmniError('UNAVAILABLE', 'the edge proxy went away', {hint: 'omni doctor', retryable: true})

const silent = (): OmniError => new OmniError('UNAVAILABLE', 'the edge proxy does not answer', {hint: 'omni doctor'})

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const fail = () => resolve(undefined)
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.off('error', fail)
      resolve(socket)
    })
  })
}
