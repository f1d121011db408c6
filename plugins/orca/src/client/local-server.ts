import {spawn} from 'node:child_process'
import {mkdirSync, openSync, renameSync, statSync} from 'node:fs'
import {open, statfs} from 'node:fs/promises'
import {connect} from 'node:net'
import {dirname} from 'node:path'
import {ensurePrivateDir, isOmniError, OmniError, poll, reasonOf} from '@omni-cli/sdk'
import {programPath} from '../programs.ts'
import {socketPath} from '../socket-path.ts'
import {localFiles, readServerInfo} from './local-files.ts'

const START_TIMEOUT_MS = 10_000
/** A log that is longer at a start is put aside. */
const MAX_LOG_BYTES = 10 * 1024 * 1024

/** True when the server of this home takes connections. */
export async function isListening(home: string): Promise<boolean> {
  const path = socketOrNone(home)
  if (path === undefined) return false
  const {promise, resolve} = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}

/** A home where nothing can be written has no socket either. */
function socketOrNone(home: string): string | undefined {
  try {
    return socketPath(home, 'server')
  } catch {
    return undefined
  }
}

export interface StartOptions {
  readonly home: string
  /** `host:port` of the API; default: a free port on loopback. */
  readonly listen?: string | undefined
  /** Absolute path of a `cluster.toml`; null: none. Default: the one of the last start. */
  readonly config?: string | null | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Starts the server in the background and resolves when it takes connections: true, or false when it ran already.
 * Any number of callers may do this at once; one server results. UNAVAILABLE with the last lines of its log when it fails.
 */
export async function startLocalServer({home, listen, config, signal}: StartOptions): Promise<boolean> {
  if (await isListening(home)) return false
  signal?.throwIfAborted()
  await ensurePrivateDir(home)
  const child = spawnServer({home, listen, config})
  let exitCode: number | undefined
  child.once('exit', (code) => {
    exitCode = code ?? 1
  })
  child.once('error', () => {
    exitCode = 1
  })
  try {
    const end = await poll({everyMs: 20, timeoutMs: START_TIMEOUT_MS, signal}, async () => {
      if (await isListening(home)) return 'up'
      // Whoever lost the race against another starter ends with LOCKED; the other one is about to answer.
      return exitCode !== undefined && exitCode !== LOCKED_EXIT && 'ended'
    }).catch((error) => {
      if (isOmniError(error) && error.code === 'TIMEOUT') return 'late'
      throw error
    })
    if (end !== 'up') throw await failedStart(home)
    const isOurs = readServerInfo(home)?.pid === child.pid
    // A loser must not wait for the lock and come up when the winner is stopped.
    if (!isOurs) child.kill()
    return isOurs
  } finally {
    child.unref()
  }
}

const LOCKED_EXIT = 11

/** Young objects are looked through often: the server is small for that, and none the slower. */
const MEMORY = ['--max-semi-space-size=2']

function spawnServer({home, listen, config}: Pick<StartOptions, 'home' | 'listen' | 'config'>) {
  const log = openLog(localFiles(home).log)
  const args = [...MEMORY, programPath('server'), '--home', home, ...(listen === undefined ? [] : ['--listen', listen])]
  if (config !== undefined) args.push(...(config === null ? ['--no-config'] : ['--config', config]))
  // Options for the caller's own Node (a debugger's port, say) are not meant for the server.
  const {NODE_OPTIONS: _, ...env} = process.env
  return spawn(process.execPath, args, {cwd: home, detached: true, env, stdio: ['ignore', log, log]})
}

function openLog(path: string): number {
  try {
    mkdirSync(dirname(path), {recursive: true, mode: 0o700})
    if ((statSync(path, {throwIfNoEntry: false})?.size ?? 0) > MAX_LOG_BYTES) renameSync(path, `${path}.1`)
    return openSync(path, 'a', 0o600)
  } catch (error) {
    throw new OmniError('IO', `cannot write the log '${path}': ${reasonOf(error)}`, {
      hint: 'set OMNI_HOME to a folder that can be written',
      cause: error,
    })
  }
}

async function failedStart(home: string): Promise<OmniError> {
  if ((await statfs(home)).bavail === 0) {
    return new OmniError('IO', `the local engine did not start: the disk of '${home}' is full`, {
      hint: 'free some space, or set OMNI_HOME to a folder on another disk',
    })
  }
  const lines = await lastLines(localFiles(home).log, 5).catch(() => [])
  return new OmniError('UNAVAILABLE', `the local engine did not start:\n${lines.join('\n')}`, {
    hint: 'omni server logs',
  })
}

/** The last lines of a text file, whatever its size. */
export async function lastLines(path: string, count: number): Promise<string[]> {
  const file = await open(path)
  try {
    const {size} = await file.stat()
    const length = Math.min(size, Math.max(64 * 1024, count * 512))
    const {buffer} = await file.read(Buffer.alloc(length), 0, length, size - length)
    const lines = buffer.toString('utf8').split('\n')
    if (lines.at(-1) === '') lines.pop()
    return count === 0 ? [] : lines.slice(-count)
  } finally {
    await file.close()
  }
}
