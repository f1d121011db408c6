import {rmSync} from 'node:fs'
import {createServer, type Socket} from 'node:net'
import {onLines, writeJsonLine} from '../../../json-lines.ts'
import {bindPrivately} from '../../../private-socket.ts'
import {packageVersion} from '../../../programs.ts'
import type {RuntimeInstance} from '../../runtime.ts'
import {
  MAX_LINE_CHARACTERS,
  PROTOCOL,
  parseFields,
  type Reply,
  type Request,
  readRequest,
  type ServerEvent,
} from '../wire.ts'
import {Failure, wireError} from './failure.ts'
import type {Instances} from './instances.ts'

/** A caller that does not read its events is cut off at this many bytes; it comes back and lists. */
const UNREAD_LIMIT = 8 * 1024 * 1024
const REMOVE_GRACE_MS = 10_000

export interface ControlSocket {
  readonly connections: number
  publish(instance: RuntimeInstance): void
  close(): void
}

/** Answers requests on the socket and tells everybody there of exits. The caller holds the lock of this home. */
export function openControlSocket(path: string, instances: Instances, quit: () => void): ControlSocket {
  const sockets = new Set<Socket>()
  const version = packageVersion()
  let isWanted = true
  const end = (request: 'quit' | 'leave') => {
    if (request === 'quit') quit()
    else isWanted = false
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    isWanted = true
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      if (!isWanted && sockets.size === 0 && instances.isIdle) quit()
    })
    send(socket, {event: 'hello', protocol: PROTOCOL, pid: process.pid, version, isIdle: instances.isIdle})
    onLines(socket, MAX_LINE_CHARACTERS, (line) => void answer(socket, line, instances, end))
  })
  rmSync(path, {force: true})
  bindPrivately(server, path)
  return {
    get connections() {
      return sockets.size
    },
    publish(instance) {
      for (const socket of sockets) send(socket, {event: 'exited', instance})
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function answer(
  socket: Socket,
  line: string,
  instances: Instances,
  end: (request: 'quit' | 'leave') => void,
): Promise<void> {
  const fields = parseFields(line)
  const seq = typeof fields?.seq === 'number' ? fields.seq : 0
  try {
    const request = fields && readRequest(fields)
    if (request === undefined) throw new Failure('USAGE', 'the supervisor does not know this request')
    reply(socket, {seq, ok: true, result: await perform(request, instances)})
    if (request.op === 'quit' || request.op === 'leave') end(request.op)
  } catch (error) {
    reply(socket, {seq, ok: false, error: wireError(error)})
  }
}

async function perform(request: Request, instances: Instances): Promise<unknown> {
  switch (request.op) {
    case 'create':
      return await instances.create(request.params)
    case 'stop':
      return await instances.stop(request.id, request.graceMs)
    case 'remove':
      return await instances.remove(request.id, REMOVE_GRACE_MS)
    case 'context':
      return instances.context(request.id)
    case 'list':
      return instances.list()
    case 'quit':
    case 'leave':
      return undefined
    default:
      return request satisfies never
  }
}

const reply = (socket: Socket, answer: Reply): boolean => writeJsonLine(socket, answer)

function send(socket: Socket, event: ServerEvent): void {
  writeJsonLine(socket, event)
  if (socket.writableLength > UNREAD_LIMIT) socket.destroy()
}
