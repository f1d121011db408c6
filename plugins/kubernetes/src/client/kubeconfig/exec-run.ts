import {type ChildProcess, spawn} from 'node:child_process'
import {aborted, OmniError, reasonOf, throwIfAborted} from '@omni-cli/sdk'
import type {ExecPlugin} from './kubeconfig.ts'

/** What a program printed. */
export interface ExecCredential {
  readonly token?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** In ms since 1970; absent: as long as it is accepted. */
  readonly expires?: number | undefined
}

export interface RunSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly info: {readonly spec: {readonly interactive: boolean}}
  readonly signal?: AbortSignal | undefined
}

/** Programs that ask nobody are done soon. */
const TIMEOUT_MS = 60_000
const MAX_OUTPUT = 1024 * 1024
const KILL_MS = 2_000

/** Runs it; what it says on stderr is for the person in front. UNAUTHORIZED with what is wrong with its answer. */
export async function runProgram(plugin: ExecPlugin, {env, info, signal}: RunSurroundings): Promise<ExecCredential> {
  throwIfAborted(signal)
  const [program] = plugin.argv
  const {interactive: isInteractive} = info.spec
  if (plugin.interactive === 'Always' && !isInteractive) {
    throw new OmniError('UNAUTHORIZED', `'${program}' asks questions, and there is no terminal`, {
      hint: 'run it once in a terminal: omni cluster health',
    })
  }
  const output = await outputOf(plugin, {
    env: {...env, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info)},
    isInteractive,
    signal,
  })
  return readCredential(output, plugin)
}

interface SpawnOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isInteractive: boolean
  readonly signal: AbortSignal | undefined
}

async function outputOf({argv, installHint}: ExecPlugin, {env, isInteractive, signal}: SpawnOptions): Promise<string> {
  const [program, ...words] = argv
  const child = spawn(program, words, {env, stdio: [isInteractive ? 'inherit' : 'ignore', 'pipe', 'inherit']})
  const {promise, resolve, reject} = Promise.withResolvers<string>()
  const chunks: Buffer[] = []
  let size = 0
  const end = (why: Error) => {
    // What it has started may go on and hold the pipe: nothing more is read, and nobody waits for it.
    child.kill()
    child.stdout.destroy()
    killSoon(child)
    reject(why)
  }
  const abort = () => end(aborted(signal))
  const late = new OmniError('TIMEOUT', `'${program}' printed no credentials within ${TIMEOUT_MS / 1000}s`)
  const timer = isInteractive ? undefined : setTimeout(() => end(late), TIMEOUT_MS)
  signal?.addEventListener('abort', abort, {once: true})
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size > MAX_OUTPUT) end(new OmniError('UNAUTHORIZED', `'${program}' prints no credentials, but more than 1 MiB`))
  })
  child.once('error', (error) => {
    const isMissing = 'code' in error && error.code === 'ENOENT'
    const message = `the kubeconfig names the program '${program}', which ${isMissing ? 'is not here' : `cannot be run: ${reasonOf(error)}`}`
    reject(new OmniError(isMissing ? 'NOT_FOUND' : 'UNAUTHORIZED', message, {hint: installHint, cause: error}))
  })
  child.once('close', (status, killer) => {
    if (status === 0) resolve(Buffer.concat(chunks).toString('utf8'))
    else {
      const how = killer === null ? `with status ${status}` : `by ${killer}`
      reject(new OmniError('UNAUTHORIZED', `'${program}' printed no credentials: it ended ${how}`, {hint: installHint}))
    }
  })
  return promise.finally(() => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  })
}

/** A program that passes over SIGTERM has no say. */
function killSoon(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return
  const timer = setTimeout(() => child.kill('SIGKILL'), KILL_MS)
  child.once('exit', () => clearTimeout(timer))
}

interface Printed {
  readonly kind?: unknown
  readonly apiVersion?: unknown
  readonly status?: Readonly<Record<string, unknown>>
}

/** Nothing of the output is shown: it may hold the secret. */
function readCredential(output: string, {argv: [program], apiVersion}: ExecPlugin): ExecCredential {
  const wrong = (what: string) => new OmniError('UNAUTHORIZED', `'${program}' printed no credentials: ${what}`)
  let printed: Printed
  try {
    printed = JSON.parse(output)
  } catch {
    throw wrong('its output is no JSON')
  }
  if (printed?.kind !== 'ExecCredential') throw wrong('its output is no ExecCredential')
  if (printed.apiVersion !== apiVersion) throw wrong(`the version is not ${apiVersion}, which the kubeconfig names`)
  const {token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp} = printed.status ?? {}
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
  if (!isText(token) && !(isText(cert) && isText(key))) throw wrong('neither a token nor a certificate with its key')
  const expires = isText(expirationTimestamp) ? Date.parse(expirationTimestamp) : undefined
  if (Number.isNaN(expires)) throw wrong('expirationTimestamp is no time')
  return {
    token: isText(token) ? token : undefined,
    cert: isText(cert) ? cert : undefined,
    key: isText(key) ? key : undefined,
    expires,
  }
}
