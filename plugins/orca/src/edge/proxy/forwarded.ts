import {withoutFields} from '../http/fields.ts'
import type {RequestHead} from '../http/request-head.ts'
import type {ResponseHead} from '../http/response-head.ts'
import type {Origin} from './origin.ts'
import {type Destination, withoutPrefix} from './routes.ts'

export interface Forwarding {
  readonly destination: Destination
  readonly requestId: string
  readonly origin: Origin
}

/** Head of the request as the backend gets it. */
export function requestText(request: RequestHead, {destination, requestId, origin}: Forwarding): string {
  const {host} = request
  const target =
    destination.stripPrefix === undefined ? request.target : withoutPrefix(request.target, destination.stripPrefix)
  let text = `${request.method} ${target} HTTP/1.1\r\n${request.kept}`
  // HTTP/1.0 clients need not name a host, HTTP/1.1 backends insist on one.
  text += host === undefined ? 'Host: localhost\r\n' : `X-Forwarded-Host: ${origin.host ?? host}\r\n`
  if (request.requestId === undefined) text += `X-Request-Id: ${requestId}\r\n`
  if (request.framing.kind === 'chunked') text += 'Transfer-Encoding: chunked\r\n'
  if (request.acceptsTrailers) text += 'TE: trailers\r\n'
  if (request.isWebSocket) text += 'Connection: Upgrade\r\nUpgrade: websocket\r\n'
  return `${text}${origin.lines}\r\n`
}

/** Head of the answer as the client gets it; `keep` = the client's connection stays open, `extra` = lines of our own. */
export function responseText(request: RequestHead, head: ResponseHead, keep: boolean, extra = ''): string {
  const {status} = head
  const kept = status === 204 ? withoutFields(head.kept, CONTENT_LENGTH) : head.kept
  let text = `HTTP/1.1 ${status} ${head.reason}\r\n${kept}${extra}`
  if (head.framing.kind === 'chunked' && request.minor === 1 && status !== 204 && status !== 304) {
    text += 'Transfer-Encoding: chunked\r\n'
  }
  if (head.upgrade === 'websocket') {
    text += `Upgrade: websocket\r\nConnection: ${status === 101 || keep ? 'Upgrade' : 'close, Upgrade'}\r\n`
  } else if (!keep) text += 'Connection: close\r\n'
  else if (request.minor === 0) text += 'Connection: keep-alive\r\n'
  return `${text}\r\n`
}

/** Head of an interim answer (1xx): it has no body and no framing. */
export const interimText = (head: ResponseHead): string =>
  `HTTP/1.1 ${head.status} ${head.reason}\r\n${withoutFields(head.kept, CONTENT_LENGTH)}\r\n`

const CONTENT_LENGTH: ReadonlySet<string> = new Set(['content-length'])
