import type {ClientRequest, IncomingMessage} from 'node:http'
import {PassThrough} from 'node:stream'
import {isOmniError, OmniError} from '../errors.ts'
import {type Deadline, openDeadline} from './deadline.ts'
import {reasonOf} from './files.ts'
import type {Http, HttpAnswer, HttpRequest, HttpStream, HttpTarget} from './http.ts'
import {type Address, openTransport, parseTarget, type StartRequest} from './http-transport.ts'
import type {Logger} from './log.ts'
import {redact} from './redact.ts'
import {backoffMs} from './retry.ts'
import {sleep} from './sleep.ts'

export interface CreateHttpOptions {
  readonly log: Logger
  /** Calls at most for one request. Default 3. */
  readonly attempts?: number | undefined
  /** Longest first wait between two calls; doubles after each. Default 100. */
  readonly baseMs?: number | undefined
}

const DEFAULT_TIMEOUT_MS = 30_000
const CONNECT_TIMEOUT_MS = 10_000
const MAX_BACKOFF_MS = 5_000
/** A server that asks for a longer pause gets its answer passed on. */
const MAX_RETRY_AFTER_MS = 30_000
/** Of an answer that is read as a whole. */
const MAX_BODY_BYTES = 64 * 1024 * 1024

/** An `Http` whose connections are kept open between requests and do not keep the process alive. */
export function createHttp(options: CreateHttpOptions): Http {
  const transports = new Map<string, Promise<StartRequest>>()
  const send = async (target: HttpTarget, request: HttpRequest, deadline: Deadline): Promise<IncomingMessage> => {
    const address = parseTarget(target.url)
    const key = JSON.stringify([address.isTls, address.options.host, target.tls ?? null])
    const transport = transports.get(key) ?? openTransport(address, target.tls)
    transports.set(key, transport)
    return sendWithRetries({target, address, request, start: await transport, deadline}, options)
  }
  return {
    async request(target, request, {signal, timeoutMs = DEFAULT_TIMEOUT_MS} = {}) {
      using deadline = openDeadline(signal, timeoutMs, nameOf(target))
      // Awaited here, as the deadline ends with this block.
      return await readAnswer(await send(target, request, deadline), target, deadline)
    },
    async stream(target, request, {signal} = {}) {
      const deadline = openDeadline(signal, undefined, nameOf(target))
      try {
        return streamOf(await send(target, request, deadline), target, deadline)
      } catch (error) {
        deadline[Symbol.dispose]()
        throw error
      }
    },
  }
}

interface Call {
  readonly target: HttpTarget
  readonly address: Address
  readonly request: HttpRequest
  readonly start: StartRequest
  readonly deadline: Deadline
}

async function sendWithRetries(
  call: Call,
  {log, attempts = 3, baseMs = 100}: CreateHttpOptions,
): Promise<IncomingMessage> {
  const {request, target, deadline} = call
  // A stream is used up by the first call.
  const isRepeatable = request.body === undefined || Buffer.isBuffer(request.body)
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt >= attempts || !isRepeatable
    // Not `performance`: it takes two milliseconds to load.
    const startedAt = process.uptime()
    const tell = (outcome: Readonly<Record<string, unknown>>) => {
      if (log.isSilent === true) return
      const tookMs = Math.round((process.uptime() - startedAt) * 1000)
      const {method, path} = request
      log.debug('http request', redact({method, url: target.url, path, attempt, tookMs, ...outcome}))
    }
    let waitMs: number
    try {
      const answer = await sendOnce(call)
      tell({status: answer.statusCode})
      const retryAfter = isLast ? undefined : retryAfterMs(answer)
      if (retryAfter === undefined) return answer
      answer.resume()
      waitMs = retryAfter
    } catch (error) {
      tell({error: isOmniError(error) ? error.message : String(error)})
      const isRetried = isOmniError(error) && error.code === 'UNAVAILABLE' && request.method === 'GET' && !isLast
      if (!isRetried) throw error
      waitMs = backoffMs(attempt, {baseMs, maxMs: MAX_BACKOFF_MS})
    }
    await sleep(waitMs, deadline.signal).catch((error: unknown) => {
      throw deadline.error ?? error
    })
  }
}

function sendOnce({target, address, request, start, deadline}: Call): Promise<IncomingMessage> {
  const {promise, resolve, reject} = Promise.withResolvers<IncomingMessage>()
  const json = request.json === undefined ? undefined : Buffer.from(JSON.stringify(request.json))
  const body = json ?? request.body
  const outgoing = start({
    ...address.options,
    method: request.method,
    path: address.prefix + request.path,
    signal: deadline.signal,
    headers: {
      ...(json === undefined ? {} : {'content-type': 'application/json'}),
      ...(Buffer.isBuffer(body) ? {'content-length': body.length} : {}),
      ...(target.token === undefined ? {} : {authorization: `Bearer ${target.token}`}),
      ...request.headers,
    },
  })
  limitConnecting(outgoing)
  outgoing.on('response', resolve)
  outgoing.on('error', (error) => reject(deadline.error ?? connectionError(target, error)))
  if (body === undefined || Buffer.isBuffer(body)) {
    outgoing.end(body)
  } else {
    body.on('error', (error) => {
      reject(new OmniError('IO', `cannot read what is to be sent: ${reasonOf(error)}`, {cause: error}))
      outgoing.destroy()
    })
    body.pipe(outgoing)
  }
  return promise
}

function limitConnecting(outgoing: ClientRequest): void {
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) return
    const timer = setTimeout(() => outgoing.destroy(new Error('no connection within 10s')), CONNECT_TIMEOUT_MS)
    const stop = () => clearTimeout(timer)
    socket.once('connect', stop).once('close', stop)
  })
}

/** 429 and 503 that say when to come back, in seconds or as a date; undefined for all else. */
function retryAfterMs({statusCode, headers}: IncomingMessage): number | undefined {
  const after = headers['retry-after']
  if ((statusCode !== 429 && statusCode !== 503) || after === undefined) return undefined
  const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now()
  if (Number.isNaN(ms) || ms > MAX_RETRY_AFTER_MS) return undefined
  return Math.max(0, ms)
}

async function readAnswer(answer: IncomingMessage, target: HttpTarget, deadline: Deadline): Promise<HttpAnswer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of answer) {
      size += chunk.length
      if (size > MAX_BODY_BYTES) throw new OmniError('IO', `${nameOf(target)} sent an answer of more than 64 MiB`)
      chunks.push(chunk)
    }
  } catch (error) {
    throw deadline.error ?? connectionError(target, error)
  }
  return {status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString('utf8')}
}

function streamOf(answer: IncomingMessage, target: HttpTarget, deadline: Deadline): HttpStream {
  const body = new PassThrough()
  answer.on('error', (error) => body.destroy(deadline.error ?? connectionError(target, error)))
  body.once('close', () => {
    deadline[Symbol.dispose]()
    answer.destroy()
  })
  answer.pipe(body)
  return {status: answer.statusCode ?? 0, headers: answer.headers, body}
}

const nameOf = ({url}: HttpTarget): string => `the server at ${redact(url)}`

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ENOENT: 'the socket does not exist',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be looked up',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no network',
  HPE_INVALID_CONSTANT: 'it does not speak HTTP',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is from an unknown authority',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
}

function connectionError(target: HttpTarget, error: unknown): OmniError {
  if (isOmniError(error)) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reason = NETWORK[code] ?? reasonOf(error)
  return new OmniError('UNAVAILABLE', `${nameOf(target)} does not answer: ${redact(reason)}`, {
    cause: error,
    retryable: true,
  })
}
