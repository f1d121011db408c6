import {isOmniError, messageOf, OmniError} from '@omni-cli/sdk'
import {STATUS} from './files-packets.ts'
import {FileFailure} from './files-session.ts'

/** What went wrong with a path, with a code that callers can branch on. */
export function fileError(error: unknown, instance: string, path: string): unknown {
  if (isOmniError(error) && /\bagent\b/i.test(error.message)) {
    return new OmniError('UNAVAILABLE', `the agent of '${instance}' does not run: files cannot be reached`, {
      hint: `omni logs ${instance}`,
      cause: error,
      retryable: true,
    })
  }
  if (!(error instanceof FileFailure)) return error
  const where = `'${path}' in '${instance}'`
  if (error.status === STATUS.missing) return new OmniError('NOT_FOUND', `${where} does not exist`, {cause: error})
  if (error.status === STATUS.denied) return new OmniError('IO', `${where}: permission denied`, {cause: error})
  const reason = reasonOf(error)
  const code = /exists|is a directory|not a directory|not empty/i.test(reason) ? 'CONFLICT' : 'IO'
  return new OmniError(code, `${where}: ${reason}`, {cause: error})
}

/** `open /a/b: no space left on device` → `no space left on device`. */
const reasonOf = (error: unknown): string => messageOf(error).split(': ').at(-1) ?? ''
