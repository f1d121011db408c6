import {isAbort, isOmniError, OmniError, reasonOf} from '@omni-cli/sdk'

const CHANGED = Symbol.for('omni.huggingface.changed')

/** The hub serves another file than the one that was begun. */
export function changed(why: string): Error {
  return Object.assign(new Error(why), {[CHANGED]: true})
}

export const isChanged = (error: unknown): error is Error => error instanceof Error && CHANGED in error

const DISK_ERRORS = new Set([
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EIO',
  'EACCES',
  'EPERM',
  'EFBIG',
  'ENOENT',
  'ELOOP',
  'EMFILE',
])

/** A failure of the disk as an error for a person; undefined for any other. */
export function diskError(error: unknown, path: string): OmniError | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error) || 'address' in error) return undefined
  if (
    !DISK_ERRORS.has(String(error.code)) ||
    !/^(write|open|fsync|fdatasync|rename|mkdir|ftruncate)/.test(String(error.syscall))
  ) {
    return undefined
  }
  return new OmniError('IO', `cannot write '${path}': ${reasonOf(error)}`, {
    cause: error,
    hint: 'what is there is kept: run the same command again when there is room',
  })
}

/** What no further try would change. */
export const isFinal = (error: unknown): boolean =>
  isAbort(error) || isChanged(error) || (isOmniError(error) && !error.retryable)
