import {setTimeout as delay} from 'node:timers/promises'
import {aborted, formatDuration, OmniError, throwIfAborted} from '@omni-cli/sdk'
import type {ExecSession} from './runtime.ts'

export interface CollectOptions {
  /** Of the program, for messages. */
  readonly program: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** More output is read but not kept. */
const OUTPUT_LIMIT = 1024 * 1024
const LAST_WORDS_MS = 200

/**
 * Runs a session without input to its end; stdout and stderr in one, 1 MiB of it. TIMEOUT and ABORTED end the program
 * with everything that it has started.
 */
export async function collectExec(
  session: ExecSession,
  {program, timeoutMs, signal}: CollectOptions,
): Promise<{readonly exitCode: number; readonly output: string}> {
  const {promise: cut, reject} = Promise.withResolvers<never>()
  const abort = () => reject(aborted(signal))
  signal?.addEventListener('abort', abort, {once: true})
  const late = () => reject(new OmniError('TIMEOUT', `'${program}' did not end within ${formatDuration(timeoutMs)}`))
  const timer = setTimeout(late, timeoutMs)
  const chunks: Buffer[] = []
  try {
    throwIfAborted(signal)
    session.endInput()
    const reading = keepOutput(session, chunks)
    const exitCode = await Promise.race([session.exitCode, cut])
    await Promise.race([reading, cut, delay(LAST_WORDS_MS, undefined, {ref: false})])
    return {exitCode, output: Buffer.concat(chunks).toString('utf8')}
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    await session.close()
  }
}

async function keepOutput({output}: ExecSession, chunks: Buffer[]): Promise<void> {
  let size = 0
  for await (const {chunk} of output) {
    if (size < OUTPUT_LIMIT) chunks.push(chunk.subarray(0, OUTPUT_LIMIT - size))
    size += chunk.length
  }
}
