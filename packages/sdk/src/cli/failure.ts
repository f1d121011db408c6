import {ERROR_CODES, type ErrorBody, isAbort, isOmniError, messageOf} from '../errors.ts'
import {escapeTerminalLine} from '../io/escape.ts'
import {reasonOf} from '../io/files.ts'
import {redact} from '../io/redact.ts'
import {didYouMean} from '../nearest.ts'
import type {Paint} from './style.ts'

/** What an error means to a shell, a person and a program. */
export interface Failure {
  readonly exit: number
  readonly body: ErrorBody
  /** Nothing is printed: the command asked for this exit status. */
  readonly isSilent: boolean
  /** Nobody foresaw it. */
  readonly isBug: boolean
}

export interface CommandWords {
  /** `omni logs`, for hints. */
  readonly name: string
  /** With their dashes. */
  readonly flags: readonly string[]
}

/** Codes of the system that tell about the user's machine, not about a mistake of ours. */
const MACHINE_ERRORS = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'EIO', 'ENOTDIR'])

/** The one mapping from anything thrown to text, JSON and exit status. */
export function failureOf(error: unknown, words: CommandWords): Failure {
  if (isOmniError(error)) {
    const body = error.toJSON()
    // oclif puts its preamble before what the parser of a flag says.
    const message = error.code === 'USAGE' ? usageMessage(body.message) : body.message
    return {exit: ERROR_CODES[error.code]?.exit ?? 1, body: redact({...body, message}), isSilent: false, isBug: false}
  }
  if (isAbort(error)) return expected('ABORTED', {code: 'ABORTED', message: 'interrupted'})
  const known = typeof error === 'object' && error !== null ? foreignFailure(error, words) : undefined
  const message = messageOf(error) || 'unknown error'
  return known ?? {exit: 1, body: redact({code: 'BUG', message}), isSilent: false, isBug: true}
}

/** Errors of oclif and of the system. */
function foreignFailure(error: object, words: CommandWords): Failure | undefined {
  const exit = oclifExit(error)
  if ('code' in error && error.code === 'EEXIT') {
    return {exit: exit ?? 0, body: {code: 'EXIT', message: ''}, isSilent: true, isBug: false}
  }
  if (error instanceof Error && ('parse' in error || exit === ERROR_CODES.USAGE.exit)) {
    return expected('USAGE', usageBody(error, words))
  }
  if (exit !== undefined) {
    return {exit, body: redact({code: 'FAILED', message: messageOf(error)}), isSilent: false, isBug: false}
  }
  if ('syscall' in error && 'code' in error && MACHINE_ERRORS.has(String(error.code))) {
    const path = 'path' in error && typeof error.path === 'string' ? ` '${error.path}'` : ''
    return expected('IO', {code: 'IO', message: `cannot ${String(error.syscall)}${path}: ${reasonOf(error)}`})
  }
  return undefined
}

/** What a person reads on stderr. */
export function failureText(failure: Failure, paint: Paint, trace?: string | undefined): string {
  const [first = '', ...rest] = failure.body.message.split('\n').map(escapeTerminalLine)
  const lines = [`${paint('error:', 'bad')} ${first}`, ...rest.map((line) => `  ${line}`)]
  if (failure.body.hint !== undefined) {
    lines.push(...failure.body.hint.split('\n').map((line) => `${paint('try:', 'warn')} ${escapeTerminalLine(line)}`))
  }
  if (trace !== undefined) lines.push(...redact(trace).split('\n').map(escapeTerminalLine))
  if (failure.isBug) {
    const how = trace === undefined ? 'the output of the same command with --debug' : 'the lines above'
    lines.push(`this is a bug in omni or in a plugin: please report it with ${how} and of 'omni version'`)
  }
  return `${lines.join('\n')}\n`
}

/** For `--debug`: where a bug is, and what was behind an error that was foreseen. */
export function traceOf(error: unknown, failure: Failure): string | undefined {
  const lines: string[] = []
  if (failure.isBug && error instanceof Error && error.stack !== undefined) lines.push(error.stack)
  let cause = error instanceof Error ? error.cause : undefined
  for (let depth = 0; cause !== undefined && depth < 10; depth++) {
    lines.push(`caused by: ${messageOf(cause)}`)
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return lines.length === 0 ? undefined : lines.join('\n')
}

const expected = (code: keyof typeof ERROR_CODES, body: ErrorBody): Failure => ({
  exit: ERROR_CODES[code].exit,
  body: redact(body),
  isSilent: false,
  isBug: false,
})

function oclifExit(error: object): number | undefined {
  if (!('oclif' in error) || typeof error.oclif !== 'object' || error.oclif === null) return undefined
  return 'exit' in error.oclif && typeof error.oclif.exit === 'number' ? error.oclif.exit : undefined
}

function usageBody(error: Error, words: CommandWords): ErrorBody {
  const unknown = 'flags' in error && error.name !== 'RequiredArgsError' ? unknownFlags(error) : []
  const [flag] = unknown
  if (flag !== undefined) {
    const meant = didYouMean(flag, words.flags)
    return {
      code: 'USAGE',
      message: `unknown flag ${unknown.map((name) => `'${name}'`).join(', ')}`,
      hint: meant === undefined ? `${words.name} --help` : `${meant} (${words.name} --help)`,
    }
  }
  return {code: 'USAGE', message: usageMessage(error.message), hint: `${words.name} --help`}
}

/** oclif's advice on flags that are given several times; ours take one value each time. */
const ABOUT_REPEATABLE_FLAGS =
  /^Note: --\S+ allow(s)? multiple values\.|^Alternatively, you can use "--" to signify the end/

const unknownFlags = (error: object): string[] =>
  'flags' in error && Array.isArray(error.flags)
    ? error.flags.filter((flag): flag is string => typeof flag === 'string')
    : []

/** oclif's messages in our form: lower case, without its preambles and its pointer to the help. */
function usageMessage(message: string): string {
  const lines = message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== 'See more help with --help' && !ABOUT_REPEATABLE_FLAGS.test(line))
    .filter((line) => !/^The following errors? occurred:/.test(line))
  const [first = '', ...rest] = lines
  const flag = /^Parsing (--[\w-]+)$/.exec(first)?.[1]
  const reason = lowerFirst(flag === undefined ? lines.join('\n') : rest.join(' '))
  return flag === undefined || reason.startsWith(flag) ? reason : `${flag}: ${reason}`
}

const lowerFirst = (text: string): string =>
  /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
