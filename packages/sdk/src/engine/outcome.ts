import {type ErrorBody, type ErrorCode, isOmniError, messageOf, OmniError} from '../errors.ts'
import {redact} from '../io/redact.ts'
import type {Operation} from './operation.ts'

/** How an apply ended. */
export interface ApplyResult {
  readonly done: readonly Operation[]
  readonly failed: readonly {readonly operation: Operation; readonly error: unknown}[]
  readonly skipped: readonly {readonly operation: Operation; readonly reason: string}[]
  /** Already as wanted. */
  readonly kept: readonly Operation[]
  /** Copies of machines that were kept before their disks were given up, by ref. */
  readonly copies?: ReadonlyMap<string, string> | undefined
  /** Interrupted before everything was done. */
  readonly isAborted: boolean
}

/** Why something was skipped that had been begun. */
export const HALF_WAY = 'interrupted half-way'

/** The JSON form of anything thrown. */
export const errorBody = (error: unknown): ErrorBody =>
  isOmniError(error) ? error.toJSON() : {code: 'INTERNAL', message: messageOf(error)}

/** The same error without these texts, which a driver may have repeated. */
export function withoutSecrets(error: unknown, secrets: readonly string[] = []): unknown {
  if (secrets.length === 0 || !isOmniError(error)) return error
  const {code, message, hint, details, retryable} = error
  return new OmniError(code, redact(message, secrets), {...redact({hint, details}, secrets), retryable})
}

/** A result as plain data, for `-o json`. */
export const resultData = ({done, failed, skipped, kept, copies}: ApplyResult) => ({
  done: done.map(({ref, action}) => ({ref, action, ...copyOf(copies, ref)})),
  failed: failed.map(({operation: {ref, action}, error}) => ({ref, action, error: errorBody(error)})),
  skipped: skipped.map(({operation: {ref, action}, reason}) => ({ref, action, reason})),
  kept: kept.map(({ref}) => ref),
})

const copyOf = (copies: ReadonlyMap<string, string> | undefined, ref: string): {copy?: string} => {
  const copy = copies?.get(ref)
  return copy === undefined ? {} : {copy}
}

/**
 * The error that tells what went wrong, or undefined when all is done: ABORTED after an abort; the operations' own
 * error when nothing succeeded and all failed alike; else PARTIAL. `details` is the result as data.
 */
export function applyError(result: ApplyResult): OmniError | undefined {
  const details = resultData(result)
  const [first] = result.failed
  if (first === undefined) {
    if (!result.isAborted) return undefined
    const message = [`interrupted: ${counts(result)}`, ...interruptedLines(result)].join('\n')
    return new OmniError('ABORTED', message, {details, hint: 'run it again to go on'})
  }
  const codes = new Set(details.failed.map(({error}) => error.code))
  const isAlike = codes.size === 1 && result.done.length === 0 && isOmniError(first.error)
  const ownCode: ErrorCode = isAlike && isOmniError(first.error) ? first.error.code : 'PARTIAL'
  const reasons = details.failed.flatMap(({ref, error}) => [`${ref}: ${error.message}`, ...lastLines(error.details)])
  const hint = isOmniError(first.error) ? first.error.hint : undefined
  const [code, head] = result.isAborted
    ? (['ABORTED', `interrupted: ${counts(result)}`] as const)
    : ([ownCode, counts(result)] as const)
  return new OmniError(code, [head, ...reasons].join('\n'), {details, hint, cause: first.error})
}

/** What is done and what is left, for whoever pressed Ctrl-C. */
const interruptedLines = ({done, skipped}: ApplyResult): string[] => [
  ...done.map(({ref, action}) => `done: ${action} ${ref}`),
  ...skipped.map(({operation: {ref, action}, reason}) =>
    reason === HALF_WAY ? `half done: ${action} ${ref}` : `not done: ${action} ${ref}`,
  ),
]

/** What a service printed before it failed. */
function lastLines(details: unknown): string[] {
  if (typeof details !== 'object' || details === null || !('lastLines' in details)) return []
  return Array.isArray(details.lastLines) ? details.lastLines.map((line) => `  │ ${String(line)}`) : []
}

const counts = ({done, failed, skipped}: ApplyResult) =>
  `${done.length} done, ${failed.length} failed, ${skipped.length} skipped`
