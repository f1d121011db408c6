import {escapeTerminal, type HttpAnswer} from '@omni-cli/sdk'
import * as z from 'zod/mini'

const ACME_ERROR = 'urn:ietf:params:acme:error:'
const MAX_TEXT = 500
/** What a server may ask for at most. */
const MAX_RETRY_AFTER_MS = 24 * 3_600_000

const problem = z.object({type: z.optional(z.string()), detail: z.optional(z.string())})

/** What an ACME server has against a request. */
export class AcmeError extends Error {
  /** Short name: `rateLimited`, `badNonce`; empty when it has none. */
  readonly type: string
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number | undefined

  constructor(type: string, message: string, retryAfterMs?: number) {
    super(message)
    this.name = 'AcmeError'
    this.type = type
    this.retryAfterMs = retryAfterMs
  }
}

/** The error that an answer is. */
export function acmeErrorOf(answer: HttpAnswer): AcmeError {
  return new AcmeError(...problemOf(parseJson(answer.text), `status ${answer.status}`), retryAfterMs(answer))
}

/** Type and text of a problem document; foreign text is made fit to be shown. */
export function problemOf(value: unknown, otherwise: string): [type: string, text: string] {
  const {type = '', detail = otherwise} = problem.safeParse(value).data ?? {}
  const text = escapeTerminal(detail.slice(0, MAX_TEXT)).replaceAll('\n', ' ')
  return [type.startsWith(ACME_ERROR) ? type.slice(ACME_ERROR.length) : '', `the ACME server says: ${text}`]
}

/** The header, in seconds or as a date; at most a day. */
export function retryAfterMs({headers}: Pick<HttpAnswer, 'headers'>): number | undefined {
  const after = headers['retry-after']
  if (typeof after !== 'string') return undefined
  const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS)
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
