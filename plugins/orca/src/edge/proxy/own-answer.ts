import {STATUS_CODES} from 'node:http'
import type {Refusal} from '../http/refusal.ts'

export interface OwnAnswer {
  /** Its message is one line; latin-1. */
  readonly refusal: Refusal
  readonly requestId: string
  readonly keep: boolean
  /** 0 for HTTP/1.0, where keeping must be said. */
  readonly minor: number
  readonly withBody: boolean
}

/** A whole answer of the proxy itself: one plain line and the request id. */
export function ownAnswerText(answer: OwnAnswer): string {
  const {
    keep,
    refusal: {status, message, words},
  } = answer
  const body = words.body ?? `${message}\nrequest id: ${answer.requestId}\n`
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'Content-Type: text/plain; charset=utf-8',
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${body.length}`,
    `X-Request-Id: ${answer.requestId}`,
    `Date: ${new Date().toUTCString()}`,
    ...(words.location === undefined ? [] : [`Location: ${words.location}`]),
    ...(status === 503 ? ['Retry-After: 1'] : []),
    ...(status === 405 ? ['Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'] : []),
    ...(keep ? (answer.minor === 0 ? ['Connection: keep-alive'] : []) : ['Connection: close']),
    '',
    answer.withBody ? body : '',
  ].join('\r\n')
}
