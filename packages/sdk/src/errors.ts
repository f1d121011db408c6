/** What a code means to a person, a shell and an HTTP client. */
export interface ErrorCodeInfo {
  /** Exit status of the CLI. */
  readonly exit: number
  /** Status of an HTTP answer that carries this error. */
  readonly http: number
  /** One line for the reference. */
  readonly title: string
}

/**
 * Every error a user can meet. `docs/reference/errors.md` lists exactly these rows (a test compares them).
 * Exit 1 is not here: it is a bug, which is anything that is not an OmniError.
 */
export const ERROR_CODES = {
  USAGE: {exit: 2, http: 400, title: 'the command line is wrong'},
  CONFIG_INVALID: {exit: 3, http: 400, title: 'the configuration file is wrong'},
  MANIFEST_INVALID: {exit: 3, http: 422, title: 'a plan or service file is wrong'},
  INVALID: {exit: 3, http: 422, title: 'the server refused an object because of its content'},
  NOT_FOUND: {exit: 4, http: 404, title: 'the named thing does not exist'},
  CONFLICT: {exit: 5, http: 409, title: 'it exists already or changed meanwhile'},
  UNSUPPORTED: {exit: 6, http: 501, title: 'the driver cannot do this'},
  UNAVAILABLE: {exit: 7, http: 503, title: 'the engine or server does not answer'},
  UNAUTHORIZED: {exit: 7, http: 401, title: 'the credentials are missing, wrong or not sufficient'},
  FORBIDDEN: {exit: 7, http: 403, title: 'this user may not do it, or the context is protected'},
  TIMEOUT: {exit: 8, http: 504, title: 'the promised state was not reached in time'},
  DEPLOY_FAILED: {exit: 9, http: 500, title: 'a new version did not become ready; the old one still serves'},
  PARTIAL: {exit: 9, http: 206, title: 'some operations failed, the rest are done'},
  DEGRADED: {exit: 9, http: 503, title: 'something that should run does not'},
  CHANGES: {exit: 10, http: 409, title: 'there are differences (diff --exit-code)'},
  LOCKED: {exit: 11, http: 423, title: 'another command holds the lock'},
  PLUGIN_INVALID: {exit: 12, http: 500, title: 'a plugin is broken or does not fit this version'},
  IO: {exit: 13, http: 500, title: 'a file could not be read or written'},
  ABORTED: {exit: 130, http: 499, title: 'interrupted'},
} as const satisfies Record<string, ErrorCodeInfo>

export type ErrorCode = keyof typeof ERROR_CODES

export interface OmniErrorOptions {
  /** The command (or act) that fixes it, e.g. `omni server start`. */
  readonly hint?: string | undefined
  /** Machine-readable facts, part of the JSON form; never secrets. */
  readonly details?: unknown
  readonly cause?: unknown
  /** True when the same call may succeed later without any change. */
  readonly retryable?: boolean | undefined
}

/** JSON form of an error, the same in `-o json` and in HTTP bodies of our own routes. */
export interface ErrorBody {
  readonly code: string
  readonly message: string
  readonly hint?: string | undefined
  readonly details?: unknown
}

const BRAND = Symbol.for('omni.error')

/** Something the user can understand and fix. Callers branch on `code`; use `isOmniError`, never `instanceof`. */
export class OmniError extends Error {
  readonly [BRAND] = true
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly details: unknown
  readonly retryable: boolean

  constructor(code: ErrorCode, message: string, options: OmniErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : {cause: options.cause})
    this.name = 'OmniError'
    this.code = code
    this.hint = options.hint
    this.details = options.details
    this.retryable = options.retryable ?? false
  }

  toJSON(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : {hint: this.hint}),
      ...(this.details === undefined ? {} : {details: this.details}),
    }
  }
}

/** Works across two loaded copies of this package. */
export const isOmniError = (value: unknown): value is OmniError =>
  typeof value === 'object' && value !== null && BRAND in value

/** True for an aborted signal's reason and for our own ABORTED. */
export const isAbort = (value: unknown): boolean =>
  (isOmniError(value) && value.code === 'ABORTED') ||
  (value instanceof Error && (value.name === 'AbortError' || ('code' in value && value.code === 'ABORT_ERR')))

/** The message of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
