import type {Agent, IncomingHttpHeaders, IncomingMessage} from 'node:http'
import type {AgentOptions} from 'node:https'
import type {SecureContext} from 'node:tls'
import {isDeepStrictEqual} from 'node:util'
import {type CallOptions, type Logger, OmniError, reasonOf, throwIfAborted} from '@omni-cli/sdk'
import {connectionFailure} from './connection-failure.ts'
import type {KubeRequest} from './kube-client.ts'
import {openLimit} from './limit.ts'
import {isLoopback} from './proxy.ts'
import {textOf} from './text-of.ts'

/** What says who we are. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  /** Client certificate, in PEM. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** Where an API server is, and how it is spoken to. */
export interface ServerAccess {
  /** `https://10.0.0.1:6443/prefix` */
  readonly server: string
  /** Authorities in PEM; absent: those of the system. */
  readonly ca?: string | undefined
  /** Name that its certificate must have, when that is not its host. */
  readonly serverName?: string | undefined
  /** Its certificate is not checked. */
  readonly isInsecure?: boolean | undefined
  /** `http://proxy:3128`; absent: straight. */
  readonly proxy?: string | undefined
  /** Asked before every request, so it remembers; `fresh`: the server refused the last ones. */
  credentials(options: CallOptions & {readonly fresh: boolean}): Promise<Credentials>
}

export interface KubeAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface KubeStream {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: IncomingMessage
}

/** What a library needs that opens its connections itself: `new WebSocket(url + path, {headers, agent})`. */
export interface KubeConnection {
  /** `https://10.0.0.1:6443`, without a slash at its end. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Knows TLS, client certificate and proxy. Belongs to the transport. */
  readonly agent: Agent
}

export interface SendOptions extends CallOptions {
  /** Until the whole answer is there. Default 60 000. */
  readonly timeoutMs?: number | undefined
}

/** The one place that knows how an API server is reached. Any status is an answer; no connection is UNAVAILABLE. */
export interface Transport {
  readonly server: string
  send(request: KubeRequest, options?: SendOptions): Promise<KubeAnswer>
  /** No deadline but the signal, once the headers are there. */
  stream(request: KubeRequest, options?: SendOptions): Promise<KubeStream>
  /** `fresh`: the server answered 401 to the last one. */
  connection(options?: CallOptions & {readonly fresh?: boolean | undefined}): Promise<KubeConnection>
  close(): void
}

const TIMEOUT_MS = 60_000
const CONNECT_TIMEOUT_MS = 10_000
/** A kept connection may have been closed by the server in the moment it is used again. */
const STALE = new Set(['ECONNRESET', 'EPIPE'])

/** Connections are kept between requests and do not keep the process alive. */
export function openTransport(access: ServerAccess, log: Logger): Transport {
  const url = access.server.replace(/\/+$/, '')
  const agents = new Map<string, Agent>()
  const connection = async (options: CallOptions & {readonly fresh?: boolean | undefined} = {}) => {
    throwIfAborted(options.signal)
    const {headers, cert, key} = await access.credentials({signal: options.signal, fresh: options.fresh === true})
    const known = cert ?? ''
    const agent = agents.get(known) ?? openAgent(access, {cert, key})
    agents.set(known, agent)
    return {url, headers, agent}
  }
  const open = async (request: KubeRequest, options: CallOptions & {isWhole: boolean}): Promise<IncomingMessage> => {
    const startedAt = process.uptime()
    const call = {request, signal: options.signal, isWhole: options.isWhole}
    const first = await connection(options)
    const answer = await exchange({...call, ...first})
    if (log.isSilent !== true) {
      const tookMs = Math.round((process.uptime() - startedAt) * 1000)
      const {method} = request
      log.debug('kube request', {method, path: pathWithQuery(request), status: answer.statusCode, tookMs})
    }
    if (answer.statusCode !== 401) return answer
    const second = await connection({...options, fresh: true})
    const isSame = second.agent === first.agent && isDeepStrictEqual(second.headers, first.headers)
    if (isSame) return answer
    answer.resume()
    return exchange({...call, ...second})
  }
  return {
    server: url,
    async send(request, options = {}) {
      using limit = openLimit(options.signal, options.timeoutMs ?? TIMEOUT_MS, url)
      try {
        const answer = await open(request, {signal: limit.signal, isWhole: true})
        return {status: answer.statusCode ?? 0, headers: answer.headers, text: await textOf(answer)}
      } catch (error) {
        throw limit.error(error)
      }
    },
    async stream(request, options = {}) {
      const limit = openLimit(options.signal, options.timeoutMs ?? TIMEOUT_MS, url)
      try {
        const answer = await open(request, {signal: limit.signal, isWhole: false})
        limit.answered()
        answer.once('close', () => limit[Symbol.dispose]())
        return {status: answer.statusCode ?? 0, headers: answer.headers, body: answer}
      } catch (error) {
        limit[Symbol.dispose]()
        throw limit.error(error)
      }
    },
    connection,
    close() {
      for (const agent of agents.values()) agent.destroy()
      agents.clear()
    },
  }
}

function openAgent(access: ServerAccess, {cert, key}: Pick<Credentials, 'cert' | 'key'>): Agent {
  const {proxy, ca, serverName, isInsecure} = access
  const kept: AgentOptions = {
    keepAlive: true,
    keepAliveMsecs: 15_000,
    scheduling: 'lifo',
    ...(proxy === undefined ? {} : {proxyEnv: {HTTPS_PROXY: proxy, HTTP_PROXY: proxy}}),
  }
  if (access.server.startsWith('http:')) return new (process.getBuiltinModule('node:http').Agent)(kept)
  // A dynamic import would read every export of the module, some of which are slow to load.
  return new (process.getBuiltinModule('node:https').Agent)({
    ...kept,
    // Made once: with each connection it would take a millisecond.
    secureContext: openContext({ca, cert, key}),
    ...(serverName === undefined ? {} : {servername: serverName}),
    ...(isInsecure === true ? {rejectUnauthorized: false} : {}),
  })
}

function openContext({ca, cert, key}: {readonly [part in 'ca' | 'cert' | 'key']: string | undefined}): SecureContext {
  try {
    return process.getBuiltinModule('node:tls').createSecureContext({
      ...(ca === undefined ? {} : {ca}),
      ...(cert === undefined ? {} : {cert}),
      ...(key === undefined ? {} : {key}),
    })
  } catch (error) {
    const message = `a certificate or key of the kubeconfig cannot be used: ${reasonOf(error)}`
    throw new OmniError('CONFIG_INVALID', message, {cause: error})
  }
}

interface Call extends KubeConnection, CallOptions {
  readonly request: KubeRequest
  /** The body is read as a whole, and may come packed. */
  readonly isWhole: boolean
}

/** Server-side apply reads the body as YAML, which refuses or changes characters that JSON may hold as they are. */
const bodyText = (body: unknown): string =>
  JSON.stringify(body).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

function exchange(call: Call): Promise<IncomingMessage> {
  const {request, url, headers, agent, signal} = call
  const {promise, resolve, reject} = Promise.withResolvers<IncomingMessage>()
  const body = request.body === undefined ? undefined : Buffer.from(bodyText(request.body))
  const {request: start} = url.startsWith('http:')
    ? process.getBuiltinModule('node:http')
    : process.getBuiltinModule('node:https')
  const outgoing = start(url + pathWithQuery(request), {
    agent,
    method: request.method,
    signal,
    headers: {
      accept: request.accept ?? 'application/json',
      'user-agent': 'omni',
      ...(call.isWhole && !isLoopback(url) ? {'accept-encoding': 'gzip'} : {}),
      ...(body === undefined
        ? {}
        : {'content-type': request.contentType ?? 'application/json', 'content-length': body.length}),
      ...headers,
    },
  })
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) return
    const timer = setTimeout(() => outgoing.destroy(new Error('no connection within 10s')), CONNECT_TIMEOUT_MS)
    const stop = () => clearTimeout(timer)
    socket.once('connect', stop).once('close', stop)
  })
  outgoing.once('response', resolve)
  outgoing.on('error', (error) => {
    const isStale = outgoing.reusedSocket && 'code' in error && STALE.has(String(error.code))
    if (isStale && isRepeatable(request)) resolve(exchange(call))
    else reject(connectionFailure(url, error))
  })
  outgoing.end(body)
  return promise
}

/** Sent twice it does the same. */
const isRepeatable = ({method, contentType}: KubeRequest): boolean =>
  method === 'GET' || method === 'DELETE' || contentType === 'application/apply-patch+yaml'

/** Path and query of a request. */
export function pathWithQuery({path, query}: Pick<KubeRequest, 'path' | 'query'>): string {
  const words = Object.entries(query ?? {}).flatMap(([key, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`],
  )
  return words.length === 0 ? path : `${path}?${words.join('&')}`
}
