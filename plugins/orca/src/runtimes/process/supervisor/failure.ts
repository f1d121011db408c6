import type {WireError} from '../wire.ts'

/** An error for the caller at the other end of the socket, who makes an OmniError of it. */
export class Failure extends Error {
  readonly code: WireError['code']
  readonly details: unknown

  constructor(code: WireError['code'], message: string, details?: unknown) {
    super(message)
    this.code = code
    this.details = details
  }
}

export const wireError = (error: unknown): WireError =>
  error instanceof Failure
    ? {code: error.code, message: error.message, details: error.details}
    : {code: 'IO', message: error instanceof Error ? error.message : String(error)}
