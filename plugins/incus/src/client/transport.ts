import {
  type CallOptions,
  type DriverContext,
  type HttpAnswer,
  type HttpRequest,
  type HttpStream,
  type HttpTarget,
  isOmniError,
  OmniError,
  reasonOf,
} from '@omni-cli/sdk'
import type {IncusRequest} from './client.ts'
import type {ServerAddress} from './find-server.ts'
import {once, orAborted} from './within.ts'

/** Some changes are made before they are answered: networks, profiles that many machines use. */
const CHANGE_MS = 5 * 60_000
/** Uploads take as long as they take. */
const UPLOAD_MS = 24 * 60 * 60_000

export interface SendOptions extends CallOptions {
  /** Until the whole answer is there. Default: that of the sdk for what only reads. */
  readonly timeoutMs?: number | undefined
}

/** Sends requests as they are. */
export interface Transport {
  readonly address: ServerAddress
  target(): Promise<HttpTarget>
  send(request: IncusRequest, options?: SendOptions): Promise<HttpAnswer>
  stream(request: IncusRequest, options?: CallOptions): Promise<HttpStream>
}

export function openTransport({http}: Pick<DriverContext, 'http'>, address: ServerAddress): Transport {
  const fail = (error: unknown): never => {
    throw isOmniError(error) ? explainFailure(address, error) : error
  }
  const target = once(async (): Promise<HttpTarget> => {
    const tls = await address.identify?.(http).catch(fail)
    return {url: address.url, tls}
  })
  return {
    address,
    target,
    async send(request, {signal, timeoutMs} = {}) {
      const options = {signal, timeoutMs: timeoutMs ?? timeoutOf(request)}
      return http.request(await orAborted(signal, target()), toHttp(request, address.project), options).catch(fail)
    },
    async stream(request, {signal} = {}) {
      return http.stream(await orAborted(signal, target()), toHttp(request, address.project), {signal}).catch(fail)
    },
  }
}

function timeoutOf({method, body}: IncusRequest): number | undefined {
  if (body !== undefined) return UPLOAD_MS
  return method === 'GET' || method === 'HEAD' ? undefined : CHANGE_MS
}

/** Path and query below `/1.0`, with the project; a path that begins with `/1.0` already stays as it is. */
export function pathOf({path, query}: Pick<IncusRequest, 'path' | 'query'>, project: string): string {
  const whole = /^\/1\.0(\/|$)/.test(path) ? path : `/1.0${path}`
  const words = new URLSearchParams(query)
  const isAboutProject = !words.has('project') && !words.has('all-projects') && !whole.startsWith('/1.0/operations/')
  if (project !== 'default' && isAboutProject) words.set('project', project)
  return words.size === 0 ? whole : `${whole}?${words}`
}

function toHttp(request: IncusRequest, project: string): HttpRequest {
  const {method, json, body, etag, headers} = request
  return {
    method,
    path: pathOf(request, project),
    json,
    body,
    headers: {
      ...(body === undefined ? {} : {'content-type': 'application/octet-stream'}),
      ...(etag === undefined ? {} : {'if-match': etag}),
      ...headers,
    },
  }
}

/** The same failure with what to do about it. Takes errors of the system too. */
export function explainFailure(address: ServerAddress, error: unknown): Error {
  const {url} = address
  const known = isOmniError(error) ? error : undefined
  const found = fingerprintIn(known)
  if (found !== undefined) {
    return new OmniError('UNAUTHORIZED', `${url} shows another certificate than the known one: ${found}`, {
      hint: address.repinHint,
      details: known?.details,
      cause: error,
    })
  }
  if (known !== undefined && known.code !== 'UNAVAILABLE') return known
  const code = codeOf(known?.cause ?? error)
  if (code === 'EACCES') {
    return new OmniError('UNAUTHORIZED', `${url} may not be opened by this user`, {
      hint: 'sudo usermod -aG incus-admin "$USER", then log in again',
      cause: error,
    })
  }
  if (SELF_SIGNED.includes(code)) {
    return new OmniError('UNAUTHORIZED', `${url} shows a certificate that is not known here`, {
      hint: 'set incus.fingerprint to what `incus info` on the server tells: omni config edit',
      cause: error,
    })
  }
  const reason = known?.message.replace(/^the server at .*? does not answer: /, '') ?? reasonOf(error)
  return new OmniError('UNAVAILABLE', `Incus at ${url} does not answer: ${reason}`, {
    hint: url.startsWith('unix:') ? 'omni init --instances auto' : 'omni provider check incus',
    cause: error,
    retryable: true,
  })
}

const SELF_SIGNED: readonly unknown[] = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/** What a server showed that is not what it should have shown. */
function fingerprintIn(error: OmniError | undefined): string | undefined {
  const {details} = error ?? {}
  const isMismatch = typeof details === 'object' && details !== null && 'found' in details
  return isMismatch && typeof details.found === 'string' ? details.found : undefined
}
