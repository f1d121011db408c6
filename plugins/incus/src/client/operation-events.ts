import type {Connections, OpenSocket} from './connections.ts'
import {type Operation, operationEventWire} from './wire.ts'

export type Listener = (operation: Operation) => void

export interface Subscription {
  /** Resolves when events may have been missed from now on. */
  readonly lost: Promise<void>
  stop(): void
}

/** Changes of operations as the server tells them, over one connection for all of them. */
export interface OperationEvents {
  /** Resolves when the listener hears all that happens from now on; rejects when there is no connection. */
  follow(id: string, listener: Listener): Promise<Subscription>
  close(): void
}

export function openOperationEvents(connections: Pick<Connections, 'socket'>): OperationEvents {
  const listeners = new Map<string, Set<Listener>>()
  let connection: Promise<OpenSocket> | undefined
  const connect = async (): Promise<OpenSocket> => {
    const socket = await connections.socket('/events', {type: 'operation'})
    socket.onFrame((frame) => tell(listeners, frame))
    return socket
  }
  const connected = (): Promise<OpenSocket> => {
    if (connection !== undefined) return connection
    const mine = connect()
    connection = mine
    const forget = () => {
      if (connection === mine) connection = undefined
    }
    mine.then(({closed}) => closed.then(forget), forget)
    return mine
  }
  return {
    async follow(id, listener) {
      const known = listeners.get(id) ?? new Set()
      listeners.set(id, known.add(listener))
      const stop = () => {
        known.delete(listener)
        if (known.size === 0) listeners.delete(id)
        // An open connection alone does not keep the process alive.
        void connection?.then((socket) => socket.hold(listeners.size > 0)).catch(() => undefined)
      }
      try {
        const socket = await connected()
        socket.hold(listeners.size > 0)
        return {lost: socket.closed, stop}
      } catch (error) {
        stop()
        throw error
      }
    },
    close: () => void connection?.then((socket) => socket.close()).catch(() => undefined),
  }
}

function tell(listeners: ReadonlyMap<string, ReadonlySet<Listener>>, frame: Buffer): void {
  if (listeners.size === 0) return
  const operation = operationIn(frame)
  if (operation === undefined) return
  for (const listener of listeners.get(operation.id) ?? []) listener(operation)
}

function operationIn(frame: Buffer): Operation | undefined {
  try {
    return operationEventWire.safeParse(JSON.parse(frame.toString('utf8'))).data?.metadata
  } catch {
    return undefined
  }
}
