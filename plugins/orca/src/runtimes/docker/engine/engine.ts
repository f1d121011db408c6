import type {Agent, IncomingMessage} from 'node:http'
import {request as httpRequest} from 'node:http'
import type {Duplex} from 'node:stream'
import {OmniError} from '@omni-cli/sdk'
import {engineFailure, unreachable} from './failure.ts'
import type {Transport} from './transport.ts'

export interface EngineCall {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is, with `contentType` (default `application/x-tar`). */
  readonly body?: NodeJS.ReadableStream | undefined
  readonly contentType?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly signal?: AbortSignal | undefined
  /** For the head of the answer; 0 = none. Default 60 s. */
  readonly timeoutMs?: number | undefined
}

/**
 * The HTTP API of a Docker Engine, or of a program that speaks it (Podman). Paths are without the version, which is
 * agreed on at the first call. A status of 400 and above is thrown (see `engineFailure`); a daemon that does not answer
 * is UNAVAILABLE.
 */
export interface Engine {
  /** `unix:///var/run/docker.sock`. */
  readonly host: string
  /** Its paths and addresses are those of this machine. */
  readonly isLocal: boolean
  /** The answer as JSON; undefined when there is no body. The caller knows what the route answers. */
  call(method: string, path: string, call?: EngineCall): Promise<unknown>
  /** The answer as it comes; the caller reads it to its end or destroys it. */
  stream(method: string, path: string, call?: EngineCall): Promise<IncomingMessage>
  /** POST, then both directions of the connection are the caller's (exec, attach). */
  hijack(path: string, call?: EngineCall): Promise<Duplex>
  close(): void
}

/** Newest version that this program knows; the daemon's own is taken when that is older. */
const NEWEST_API = '1.47'
const ANSWER_MS = 60_000

export function createEngine(transport: Transport): Engine {
  let version: Promise<string> | undefined
  const agreed = (): Promise<string> => {
    version ??= negotiate(transport).catch((error: unknown) => {
      version = undefined
      throw error
    })
    return version
  }
  const exchangeFor = async (method: string, path: string, call: EngineCall): Promise<Exchange> => ({
    ...{method, path: `/v${await agreed()}${path}${queryText(call.query)}`, call},
    agent: transport.streamAgent,
  })
  return {
    host: transport.host,
    isLocal: transport.isLocal,
    async call(method, path, call = {}) {
      const exchange = {...(await exchangeFor(method, path, call)), agent: transport.agent}
      const text = await askTwice(transport, exchange)
      return text === '' ? undefined : parse(text, path)
    },
    stream: async (method, path, call = {}) => await send(transport, await exchangeFor(method, path, call)),
    async hijack(path, call = {}) {
      const headers = {...call.headers, connection: 'Upgrade', upgrade: 'tcp'}
      return upgraded(await send(transport, await exchangeFor('POST', path, {...call, headers})))
    },
    close() {
      transport.agent.destroy()
      transport.streamAgent.destroy()
    },
  }
}

interface Exchange {
  readonly method: string
  readonly path: string
  readonly call: EngineCall
  readonly agent: Agent
}

const sockets = new WeakMap<IncomingMessage, Duplex>()
const reused = new WeakSet<object>()

const REPEATABLE = ['GET', 'HEAD', 'PUT', 'DELETE']

/** A connection that was kept may have been closed at the other end just when it was used; what may be repeated is. */
async function askTwice(transport: Transport, exchange: Exchange): Promise<string> {
  try {
    return await ask(transport, exchange)
  } catch (error) {
    const isStale = typeof error === 'object' && error !== null && reused.has(error)
    if (!isStale || !REPEATABLE.includes(exchange.method) || exchange.call.body !== undefined) throw error
    return await ask(transport, exchange)
  }
}

/** The whole answer within the time. */
async function ask(transport: Transport, exchange: Exchange): Promise<string> {
  const {signal, timeoutMs = ANSWER_MS} = exchange.call
  const answer = await send(transport, exchange)
  const late =
    timeoutMs === 0 ? undefined : setTimeout(() => answer.destroy(new Error('it stopped answering')), timeoutMs)
  try {
    return await textOf(answer)
  } catch (error) {
    throw failed(transport, error, signal)
  } finally {
    clearTimeout(late)
  }
}

function failed({host}: Transport, error: unknown, signal: AbortSignal | undefined): OmniError {
  return signal?.aborted ? new OmniError('ABORTED', 'interrupted', {cause: error}) : unreachable(host, error)
}

/** The head of the answer; a status of 400 and above is thrown. */
function send(transport: Transport, {method, path, call, agent}: Exchange): Promise<IncomingMessage> {
  const {json, body, signal, timeoutMs = ANSWER_MS} = call
  const payload = json === undefined ? undefined : Buffer.from(JSON.stringify(json))
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      ...{...transport.target, agent, method, path},
      headers: {host: 'docker', ...contentHeaders(call, payload), ...call.headers},
      ...(signal === undefined ? {} : {signal}),
    })
    const late = timeoutMs === 0 ? undefined : setTimeout(() => request.destroy(new Error('no answer')), timeoutMs)
    const settle = (answer: IncomingMessage) => {
      clearTimeout(late)
      if ((answer.statusCode ?? 0) < 400) return resolve(answer)
      const refuse = (text: string) => reject(engineFailure(answer.statusCode ?? 0, text))
      textOf(answer).then(refuse, (error: unknown) => reject(failed(transport, error, signal)))
    }
    request.once('response', settle)
    request.once('upgrade', (answer, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      sockets.set(answer, socket)
      settle(answer)
    })
    request.once('error', (error) => {
      clearTimeout(late)
      const failure = failed(transport, error, signal)
      if (request.reusedSocket && isLostConnection(error)) reused.add(failure)
      reject(failure)
    })
    if (body === undefined) request.end(payload)
    else body.once('error', (error) => request.destroy(error)).pipe(request)
  })
}

const isLostConnection = (error: Error): boolean =>
  'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')

function contentHeaders(call: EngineCall, payload: Buffer | undefined): Record<string, string | number> {
  if (payload !== undefined) return {'content-type': 'application/json', 'content-length': payload.length}
  return call.body === undefined ? {'content-length': 0} : {'content-type': call.contentType ?? 'application/x-tar'}
}

function upgraded(answer: IncomingMessage): Duplex {
  const socket = sockets.get(answer)
  if (socket !== undefined) return socket
  answer.destroy()
  throw new OmniError('UNAVAILABLE', 'the Docker Engine did not hand over the connection')
}

async function negotiate(transport: Transport): Promise<string> {
  const call = {timeoutMs: 10_000}
  const answer = await send(transport, {method: 'GET', path: '/_ping', call, agent: transport.agent})
  // Read to its end, so that the connection can be used again.
  await textOf(answer)
  const offered = answer.headers['api-version']
  const theirs = typeof offered === 'string' && /^\d+\.\d+$/.test(offered) ? offered : NEWEST_API
  return minor(theirs) < minor(NEWEST_API) ? theirs : NEWEST_API
}

const minor = (version: string): number => Number(version.split('.')[1])

function queryText(query: EngineCall['query'] = {}): string {
  const known = Object.entries(query).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, String(value)]],
  )
  return known.length === 0 ? '' : `?${new URLSearchParams(known)}`
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new OmniError('UNAVAILABLE', `the Docker Engine's answer to ${path} is no JSON`, {cause: error})
  }
}
