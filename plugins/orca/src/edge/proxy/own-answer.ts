import {STATUS_CODES} from 'node:http'

export interface OwnAnswer {
  readonly status: number
  /** One line; latin-1. */
  readonly message: string
  readonly requestId: string
  readonly keep: boolean
  /** 0 for HTTP/1.0, where keeping must be said. */
  readonly minor: number
  readonly withBody: boolean
}

/** A whole answer of the proxy itself: one plain line and the request id. */
export function ownAnswerText(answer: OwnAnswer): string {
  const {status, keep} = answer
  const body = `${answer.message}\nrequest id: ${answer.requestId}\n`
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'Content-Type: text/plain; charset=utf-8',
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${body.length}`,
    `X-Request-Id: ${answer.requestId}`,
    `Date: ${new Date().toUTCString()}`,
    ...(status === 503 ? ['Retry-After: 1'] : []),
    ...(status === 405 ? ['Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'] : []),
    ...(keep ? (answer.minor === 0 ? ['Connection: keep-alive'] : []) : ['Connection: close']),
    '',
    answer.withBody ? body : '',
  ].join('\r\n')
}
