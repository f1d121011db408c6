import {type ChildProcess, spawn} from 'node:child_process'
import {closeSync, openSync, readFileSync, renameSync, statSync} from 'node:fs'
import {dirname} from 'node:path'
import {ensurePrivateDir, isOmniError, OmniError, poll} from '@omni-cli/sdk'
import {programPath} from '../programs.ts'
import {socketPath} from '../socket-path.ts'
import {lockFile, logFile, tableFile} from './files.ts'

const START_TIMEOUT_MS = 15_000

/** Only what Node and our paths need: the edge has no use for anybody's secrets. */
const PASSED_VARIABLES = ['PATH', 'HOME', 'USER', 'LANG', 'TZ', 'TMPDIR', 'TEMP', 'TMP']

export interface LaunchOptions {
  readonly home: string
  /** Process that the new one takes over from; what it has under way it brings to an end. */
  readonly replaces?: number | undefined
  /** The process that answers at the moment. */
  readonly findPid: () => Promise<number | undefined>
}

/**
 * Starts the edge process in the background and waits until it answers. Starting twice is harmless: one of the two wins.
 * UNAVAILABLE with the end of its log when it does not come up.
 */
export async function launchEdge({home, replaces, findPid}: LaunchOptions): Promise<void> {
  await Promise.all([tableFile(home), logFile(home), lockFile(home)].map((file) => ensurePrivateDir(dirname(file))))
  const child = spawnEdge(home, replaces)
  let failure: string | undefined
  child.on('error', (error) => {
    failure = error.message
  })
  child.on('exit', (code, signal) => {
    // 0 = another process serves this home; it will answer.
    if (code !== 0) failure = `it ended with ${signal ?? `exit code ${code}`}`
  })
  const pid = await poll({everyMs: 10, timeoutMs: START_TIMEOUT_MS}, async () => {
    const found = await findPid()
    if (found === replaces && replaces !== undefined && failure === undefined) return undefined
    if (found === undefined && failure !== undefined) throw notStarted(home, failure)
    return found
  }).catch((error: unknown) => {
    if (isOmniError(error) && error.code === 'TIMEOUT') throw notStarted(home, 'it does not answer')
    throw error
  })
  // Ours lost the race; it must not win it later, when the other one ends.
  if (pid !== child.pid) child.kill()
}

function spawnEdge(home: string, replaces: number | undefined): ChildProcess {
  setAsideLargeLog(logFile(home))
  const log = openSync(logFile(home), 'a', 0o600)
  try {
    const program = ['--disable-warning=ExperimentalWarning', programPath('edge')]
    const args = ['--home', home, '--socket', socketPath(home, 'edge')]
    if (replaces !== undefined) args.push('--replace', String(replaces))
    const child = spawn(process.execPath, [...program, ...args], {
      cwd: home,
      detached: true,
      env: Object.fromEntries(PASSED_VARIABLES.map((name) => [name, process.env[name]])),
      stdio: ['ignore', 'ignore', log],
    })
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

const MAX_LOG_BYTES = 5_000_000

function setAsideLargeLog(path: string): void {
  const size = statSync(path, {throwIfNoEntry: false})?.size ?? 0
  if (size > MAX_LOG_BYTES) renameSync(path, `${path}.1`)
}

const notStarted = (home: string, reason: string): OmniError =>
  new OmniError('UNAVAILABLE', `the edge proxy did not start: ${reason}`, {
    hint: `cat '${logFile(home)}'`,
    details: {log: lastLines(logFile(home))},
  })

function lastLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-10)
  } catch {
    return []
  }
}
