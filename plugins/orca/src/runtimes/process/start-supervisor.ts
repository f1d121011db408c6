import {spawn} from 'node:child_process'
import {closeSync, mkdirSync, openSync, renameSync, statSync} from 'node:fs'
import {dirname} from 'node:path'
import {programPath} from '../../programs.ts'
import {processPaths} from './paths.ts'

const LOG_LIMIT = 1_000_000

/** Starts the supervisor of the home in the background; one that finds another at work ends at once. */
export function startSupervisor(home: string, socket: string): void {
  const log = openLog(processPaths(home).supervisorLog)
  try {
    const child = spawn(
      process.execPath,
      // Output of services comes in large chunks; without the limit V8 lets garbage grow to three times that.
      ['--max-semi-space-size=2', '--disable-warning=ExperimentalWarning', programPath('supervisor'), home, socket],
      {detached: true, cwd: '/', stdio: ['ignore', log, log], env: {PATH: process.env.PATH, HOME: process.env.HOME}},
    )
    // When it cannot even be started nobody answers on the socket, and that is what the caller sees.
    child.on('error', () => undefined)
    child.unref()
  } finally {
    closeSync(log)
  }
}

function openLog(path: string): number {
  mkdirSync(dirname(path), {recursive: true, mode: 0o700})
  if ((statSync(path, {throwIfNoEntry: false})?.size ?? 0) > LOG_LIMIT) renameSync(path, `${path}.1`)
  return openSync(path, 'a', 0o600)
}
