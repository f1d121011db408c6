import {spawn} from 'node:child_process'
import {constants} from 'node:os'
import {setTimeout as delay} from 'node:timers/promises'
import {aborted, formatDuration, OmniError, throwIfAborted} from '@omni-cli/sdk'
import type {InstanceContext} from './wire.ts'

export interface ExecBesideOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** More output is read but not kept. */
const OUTPUT_LIMIT = 1024 * 1024
const LAST_WORDS_MS = 200

/**
 * Runs a program with the folder, environment and user of an instance; stdout and stderr in one. 127 and 126 as in a
 * shell when it cannot be started, 128 + n for a signal. TIMEOUT and ABORTED end its whole group.
 */
export async function execBeside(
  context: InstanceContext,
  argv: readonly string[],
  {timeoutMs, signal}: ExecBesideOptions,
): Promise<{readonly exitCode: number; readonly output: string}> {
  throwIfAborted(signal)
  const [program = '', ...args] = argv
  const {promise: exit, resolve, reject} = Promise.withResolvers<number>()
  const child = spawn(program, args, {
    cwd: context.cwd,
    env: context.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(context.uid === undefined ? {} : {uid: context.uid}),
    ...(context.gid === undefined ? {} : {gid: context.gid}),
  })
  const chunks: Buffer[] = []
  let size = 0
  const keep = (chunk: Buffer) => {
    if (size < OUTPUT_LIMIT) chunks.push(chunk.subarray(0, OUTPUT_LIMIT - size))
    size += chunk.length
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const closed = new Promise((done) => child.once('close', done))
  child.once('error', (error) => {
    keep(Buffer.from(`${program}: ${error.message}\n`))
    resolve('code' in error && error.code === 'ENOENT' ? 127 : 126)
  })
  child.once('exit', (code, killedBy) => resolve(code ?? 128 + signalNumber(killedBy)))

  const abort = () => reject(aborted(signal))
  signal?.addEventListener('abort', abort, {once: true})
  const late = () => reject(new OmniError('TIMEOUT', `'${program}' did not end within ${formatDuration(timeoutMs)}`))
  const timer = setTimeout(late, timeoutMs)
  try {
    const exitCode = await exit
    await Promise.race([closed, delay(LAST_WORDS_MS, undefined, {ref: false})])
    return {exitCode, output: Buffer.concat(chunks).toString('utf8')}
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    if (child.pid !== undefined) killGroup(child.pid)
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    return
  }
}

const signalNumber = (name: NodeJS.Signals | null): number => (name === null ? 0 : constants.signals[name])
