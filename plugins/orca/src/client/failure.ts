import {ERROR_CODES, type ErrorBody, type ErrorCode, type HttpAnswer, OmniError} from '@omni-cli/sdk'
import {errorWire} from './wire.ts'

/** The error that an answer stands for: our own JSON form keeps code, hint and details; Orca's texts go by status. */
export function failureOf({status, text}: Pick<HttpAnswer, 'status' | 'text'>): OmniError {
  const body = errorWire().safeParse(jsonOrUndefined(text))
  if (body.success) return fromBody(body.data.error)
  const message = text.trim().slice(0, 2_000) || `the server answered ${status}`
  const code = codeOf(status, message)
  return new OmniError(code, message, {hint: HINTS[code]})
}

/** An error in our JSON form. A code that we do not know is a fault of the server. */
export function fromBody({code, message, hint, details}: ErrorBody): OmniError {
  if (!isErrorCode(code)) return new OmniError('UNAVAILABLE', message, {hint: hint ?? 'omni server logs'})
  return new OmniError(code, message, {hint, details})
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERROR_CODES, code)

const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  UNAUTHORIZED: 'set the token of the context (omni config edit) or ORCA_TOKEN',
  UNAVAILABLE: 'omni server status',
}

function codeOf(status: number, message: string): ErrorCode {
  if (status === 401 || status === 403) return 'UNAUTHORIZED'
  if (status === 404 || /not found|no previous deploy/.test(message)) return 'NOT_FOUND'
  if (status === 409 || /no canary instances/.test(message)) return 'CONFLICT'
  if (status === 422 || status === 413) return 'MANIFEST_INVALID'
  if (status === 400 || status === 415) return 'USAGE'
  if (status === 405 || status === 501) return 'UNSUPPORTED'
  if (status === 408 || status === 504) return 'TIMEOUT'
  return 'UNAVAILABLE'
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
