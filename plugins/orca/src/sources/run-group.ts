import {type ChildProcess, spawn} from 'node:child_process'
import {messageOf, OmniError, throwIfAborted} from '@omni-cli/sdk'

export interface GroupOptions {
  readonly cwd?: string | undefined
  readonly env: NodeJS.ProcessEnv
  readonly timeoutMs: number
  /** For its standard input; default: none. */
  readonly input?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface GroupResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const MAX_BYTES = 16 * 1024 * 1024

/**
 * Runs a program that has helpers of its own, without a terminal that one of them could ask on. After an abort and after
 * the time nothing of the group runs. NOT_FOUND when it is not installed, TIMEOUT, ABORTED.
 */
export async function runGroup(argv: readonly [string, ...string[]], options: GroupOptions): Promise<GroupResult> {
  const {cwd, env, timeoutMs, input, signal} = options
  throwIfAborted(signal)
  const [program, ...words] = argv
  const child = spawn(program, words, {
    cwd,
    env,
    detached: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  // Whoever does not read it has closed it.
  child.stdin?.on('error', () => undefined).end(input)
  const output = {stdout: collect(child, 'stdout'), stderr: collect(child, 'stderr')}
  let isLate = false
  const stop = () => killGroup(child)
  const timer = setTimeout(() => {
    isLate = true
    stop()
  }, timeoutMs)
  signal?.addEventListener('abort', stop, {once: true})
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve(code ?? 128))
    })
    throwIfAborted(signal)
    if (isLate) throw new OmniError('TIMEOUT', `'${program}' did not end in time`, {retryable: true})
    return {exitCode, stdout: output.stdout(), stderr: output.stderr()}
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ENOENT') throw error
    throw new OmniError('NOT_FOUND', `the program '${program}' cannot be run: ${messageOf(error)}`, {cause: error})
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

/** All that comes, up to a limit at which the program is stopped. */
function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  const chunks: Buffer[] = []
  let length = 0
  child[stream]?.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= MAX_BYTES) chunks.push(chunk)
    else killGroup(child)
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nothing of it runs.
  }
}
