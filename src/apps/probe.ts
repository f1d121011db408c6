import {request as httpRequest} from 'node:http'
import {request as httpsRequest} from 'node:https'
import {connect} from 'node:net'
import {type Endpoint, type EndpointAnswer, messageOf, type Service, type ServiceSpec} from '@omni-cli/sdk'

/** An HTTP answer below 500 is health; 2xx or 3xx where the service names a health path. */
export type ProbeResult = EndpointAnswer

export interface ProbeOptions {
  readonly signal?: AbortSignal | undefined
  /** Default 5 000. */
  readonly timeoutMs?: number | undefined
}

/** Asks every endpoint of a service once, all at the same time. */
export function probeService(service: Service, options: ProbeOptions = {}): Promise<ProbeResult[]> {
  return Promise.all(service.endpoints.map((endpoint) => probeEndpoint(endpoint, service.spec, options)))
}

async function probeEndpoint(endpoint: Endpoint, spec: ServiceSpec, options: ProbeOptions): Promise<ProbeResult> {
  const started = performance.now()
  const result = await attempt(endpoint.url, spec, options)
  return {url: endpoint.url, ms: Math.round(performance.now() - started), ...result}
}

type Outcome = Omit<ProbeResult, 'url' | 'ms'>

async function attempt(url: string, spec: ServiceSpec, options: ProbeOptions): Promise<Outcome> {
  const {protocol, hostname, port} = new URL(url)
  const path = spec.health ?? spec.readiness?.path
  try {
    if (protocol !== 'http:' && protocol !== 'https:') {
      await acceptsTcp(hostname, Number(port), options)
      return {ok: true}
    }
    const target = path === undefined ? url : new URL(path, url).href
    // Names under `.localhost` are this machine by definition, whatever the name server says.
    const host = hostname.endsWith('.localhost') ? '127.0.0.1' : hostname
    const answer = await httpStatus(target, host, options)
    return {ok: path === undefined ? answer < 500 : answer >= 200 && answer < 400, status: answer}
  } catch (error) {
    if (isUnresolved(error) && protocol === 'http:') return askByAddress(url, path, options)
    return {ok: false, error: messageOf(error)}
  }
}

/** The proxy of this machine knows the name even when no name server does. */
async function askByAddress(url: string, path: string | undefined, options: ProbeOptions): Promise<Outcome> {
  const note = 'the name does not resolve here; asked 127.0.0.1'
  try {
    const status = await httpStatus(new URL(path ?? '/', url).href, '127.0.0.1', options)
    return {ok: path === undefined ? status < 500 : status >= 200 && status < 400, status, note}
  } catch (error) {
    return {ok: false, error: messageOf(error), note}
  }
}

function httpStatus(url: string, host: string, {signal, timeoutMs = 5_000}: ProbeOptions): Promise<number> {
  const {protocol, host: hostHeader, port, pathname, search} = new URL(url)
  const send = protocol === 'https:' ? httpsRequest : httpRequest
  const {promise, resolve, reject} = Promise.withResolvers<number>()
  const request = send(
    {
      host: host.replace(/^\[|\]$/g, ''),
      port: port === '' ? undefined : port,
      path: `${pathname}${search}`,
      headers: {host: hostHeader, 'user-agent': 'omni-probe'},
      agent: false,
      ...(signal === undefined ? {} : {signal}),
    },
    (response) => {
      resolve(response.statusCode ?? 0)
      // The status is all we want; an endless body must not keep us.
      response.destroy()
    },
  )
  request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)))
  request.on('error', reject)
  request.end()
  return promise
}

function acceptsTcp(host: string, port: number, {signal, timeoutMs = 5_000}: ProbeOptions): Promise<void> {
  const {promise, resolve, reject} = Promise.withResolvers<void>()
  const socket = connect({host, port, ...(signal === undefined ? {} : {signal})}, resolve)
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no connection within ${timeoutMs / 1000} s`)))
  socket.on('error', reject)
  return promise.finally(() => socket.destroy())
}

const isUnresolved = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN')
