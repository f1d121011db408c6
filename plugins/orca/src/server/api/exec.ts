import {OmniError} from '@omni-cli/sdk'
import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify'
import {MAX_FRAME_BYTES, terminalSize} from '../../exec-wire.ts'
import type {ExecSession} from '../../runtimes/runtime.ts'
import type {ExecTarget} from '../open-exec.ts'
import {auditOutcome} from './audit.ts'
import {type ApiContext, actorOf, param} from './context.ts'
import {serveExec} from './exec-session.ts'
import {HttpProblem} from './problem.ts'
import {notFound} from './services.ts'
import {upgradeOf} from './upgrade.ts'

/**
 * A program inside of a replica, over a WebSocket: `?arg=ls&arg=-l`, `replica`, and `tty=true&columns&rows` for a
 * terminal. Whatever is wrong is answered before the protocol changes. The frames: see `exec-wire.ts`.
 */
export function execRoute(app: FastifyInstance, context: ApiContext): void {
  const {control} = context
  app.get('/api/v1/services/:name/exec', {exposeHeadRoute: false}, async (request, reply) => {
    const name = param(request, 'name')
    if ((await control.get(name)) === undefined) throw notFound(name, true)
    const target = readTarget(request)
    // Pages of the web have no business here, whatever token they have got hold of.
    if (request.headers.origin !== undefined) throw new HttpProblem(403, 'exec is not for browsers')
    if (upgradeOf(request.raw) === undefined || request.headers['sec-websocket-version'] !== '13') {
      void reply.header('upgrade', 'websocket').header('connection', 'upgrade')
      throw new HttpProblem(426, 'this route speaks the WebSocket protocol, version 13')
    }
    await handOver(request, reply, {context, session: await control.exec(name, target)})
  })
}

async function handOver(
  request: FastifyRequest,
  reply: FastifyReply,
  {context, session}: {readonly context: ApiContext; readonly session: ExecSession},
): Promise<void> {
  const upgrade = upgradeOf(request.raw)
  if (upgrade === undefined || upgrade.socket.destroyed) {
    await session.close()
    return
  }
  const {tokenWatch, closing, log} = context
  const {tokenId} = actorOf(request)
  const {WebSocketServer} = await import('ws')
  const server = new WebSocketServer({noServer: true, maxPayload: MAX_FRAME_BYTES + 1, clientTracking: false})
  reply.hijack()
  upgrade.take()
  // A handshake that fails ends the connection.
  upgrade.socket.once('close', () => void session.close())
  server.handleUpgrade(request.raw, upgrade.socket, upgrade.head, (socket) => {
    const connection = serveExec(socket, session, {closing, log})
    auditOutcome(request, 'ok')
    reply.raw.emit('close')
    if (tokenId === undefined) return
    tokenWatch.add(tokenId, connection)
    socket.once('close', () => tokenWatch.remove(connection))
  })
}

function readTarget(request: FastifyRequest): ExecTarget {
  const query = new URL(request.url, 'http://x').searchParams
  const argv = query.getAll('arg')
  const replica = query.get('replica') ?? undefined
  if (argv.length === 0 || argv[0] === '' || argv.some((word) => word.includes('\0'))) {
    throw new OmniError('USAGE', 'the program is missing: give its words as arg=…')
  }
  if (query.get('tty') !== 'true') return {argv, replica}
  const terminal = terminalSize(query.get('columns') ?? 80, query.get('rows') ?? 24)
  if (terminal === undefined) throw new OmniError('USAGE', 'columns and rows are numbers from 1 to 10000')
  return {argv, replica, terminal}
}
