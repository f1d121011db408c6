import {OmniError} from '../errors.ts'
import {formatDuration} from '../units.ts'
import type {Argv, Exec, ExecRequestOptions, ExecResult} from './exec.ts'
import {reasonOf} from './files.ts'
import type {Logger} from './log.ts'
import {redact} from './redact.ts'
import {aborted, throwIfAborted} from './sleep.ts'

export interface CreateExecOptions {
  readonly log: Logger
  /** Texts that must be in no log and no error. */
  readonly secrets?: readonly string[] | undefined
}

const DEFAULT_TIMEOUT_MS = 60_000
/** A program that ignores SIGTERM is killed after this. */
const KILL_AFTER_MS = 5_000
/** Kept of stdout and stderr each; more is an error, not a truncated answer. */
const MAX_BYTES = 64 * 1024 * 1024

/** An `Exec` over real processes. Programs are found in PATH only, never in the current folder. */
export function createExec({log, secrets = []}: CreateExecOptions): Exec {
  return async (argv, options = {}) => {
    throwIfAborted(options.signal)
    const startedAt = performance.now()
    const result = await run(argv, options, secrets)
    const tookMs = Math.round(performance.now() - startedAt)
    log.debug('ran a program', redact({argv, cwd: options.cwd, exitCode: result.exitCode, tookMs}, secrets))
    return result
  }
}

async function run(argv: Argv, options: ExecRequestOptions, secrets: readonly string[]): Promise<ExecResult> {
  const {execa} = await import('execa')
  const [program, ...words] = argv
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const child = execa(program, words, {
    reject: false,
    stripFinalNewline: false,
    timeout: timeoutMs,
    forceKillAfterDelay: KILL_AFTER_MS,
    maxBuffer: MAX_BYTES,
    buffer: {stdout: keeps(options, options.onStdout), stderr: keeps(options, options.onStderr)},
    ...(options.signal === undefined ? {} : {cancelSignal: options.signal}),
    ...(options.cwd === undefined ? {} : {cwd: options.cwd}),
    ...(options.env === undefined ? {} : {env: options.env}),
    ...streamsOf(options),
  })
  const input = feed(options.input, child)
  const reads = [readAll(child.stdout, options.onStdout), readAll(child.stderr, options.onStderr)]
  const result = await child.finally(input.end)
  await Promise.all(reads)
  if (input.failure !== undefined) throw input.failure
  if (result.isCanceled) throw aborted(options.signal)
  if (result.timedOut) {
    throw new OmniError('TIMEOUT', `'${program}' did not end within ${formatDuration(timeoutMs)}`, {retryable: true})
  }
  if (result.isMaxBuffer) throw new OmniError('IO', `'${program}' wrote more than 64 MiB`)
  if (result.exitCode === undefined && result.signal === undefined) throw startError(program, result, options, secrets)
  // A program ended by a signal has no exit status; shells report 128 + the number of the signal.
  return {
    exitCode: result.exitCode ?? 128 + signalNumber(result.signal),
    stdout: textOf(result.stdout),
    stderr: textOf(result.stderr),
  }
}
const keeps = ({keepsOutput}: ExecRequestOptions, taker: unknown): boolean =>
  keepsOutput !== false || taker === undefined

function streamsOf({isAttached, input}: ExecRequestOptions) {
  if (isAttached === true) return {stdio: 'inherit' as const}
  if (input === undefined) return {stdin: 'ignore' as const}
  return typeof input === 'string' || Buffer.isBuffer(input) ? {input} : {stdin: 'pipe' as const}
}

interface Feed {
  /** Lets go of a stream when the program ends before it has read all of it. */
  end(): void
  /** Why the stream could not be read: the program has got less than all of it, and was ended. */
  failure?: unknown
}

function feed(
  input: ExecRequestOptions['input'],
  child: {readonly stdin?: NodeJS.WritableStream | null | undefined; kill(signal: 'SIGKILL'): boolean},
): Feed {
  const {stdin} = child
  if (input === undefined || typeof input === 'string' || Buffer.isBuffer(input) || !stdin)
    return {end: () => undefined}
  const fed: Feed = {end: () => void input.unpipe(stdin)}
  stdin.on('error', () => input.unpipe(stdin))
  input.on('error', (error: unknown) => {
    fed.failure = error
    child.kill('SIGKILL')
  })
  input.pipe(stdin)
  return fed
}

async function readAll(
  stream: AsyncIterable<Buffer> | null | undefined,
  onChunk: ((chunk: Buffer) => unknown) | undefined,
): Promise<void> {
  if (onChunk === undefined) return
  for await (const chunk of stream ?? []) await onChunk(chunk)
}

const textOf = (output: unknown): string => (typeof output === 'string' ? output : '')

function startError(
  program: string,
  error: {readonly code?: string | undefined; readonly cause?: unknown; readonly message?: string | undefined},
  {cwd}: ExecRequestOptions,
  secrets: readonly string[],
): OmniError {
  if (error.code === 'ENOENT') {
    const where = cwd === undefined ? '' : ` (or the folder '${cwd}' does not exist)`
    return new OmniError('NOT_FOUND', `the program '${program}' is not installed${where}`, {cause: error.cause})
  }
  const reason = redact(reasonOf(error.cause ?? error), secrets)
  return new OmniError('IO', `cannot run '${program}': ${reason}`, {cause: error.cause})
}

const signalNumber = (signal: string | undefined): number =>
  ({SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGTERM: 15})[signal ?? ''] ?? 0
