import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {chownSync, constants, openSync, statSync} from 'node:fs'
import {commandWords} from '../command.ts'
import type {CreateParams} from '../wire.ts'
import {Failure} from './failure.ts'

type StartedProcess = ChildProcess & {readonly pid: number}

/**
 * Starts the program as leader of a session of its own. DEPLOY_FAILED when it cannot be started.
 * @param outputs descriptors of its stdout and stderr
 */
export async function launch(
  params: CreateParams,
  env: Readonly<Record<string, string>>,
  outputs: readonly number[],
): Promise<StartedProcess> {
  const [program = '', ...args] = commandWords(params.command, env)
  if (!isFolder(params.cwd)) throw startFailed(program, `its folder '${params.cwd}' does not exist`, 'ENOENT')
  try {
    const child = spawn(program, args, {
      cwd: params.cwd,
      env,
      detached: true,
      stdio: ['ignore', ...outputs],
      ...(params.uid === undefined ? {} : {uid: params.uid}),
      ...(params.gid === undefined ? {} : {gid: params.gid}),
    })
    if (isStarted(child)) return child
    const [error] = await once(child, 'error').catch((reason: unknown) => [reason])
    throw error
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw startFailed(program, REASONS[code] ?? (error instanceof Error ? error.message : String(error)), code)
  }
}

/**
 * Opened for reading and writing, a pipe never has "no reader": a write while no supervisor runs waits, instead of
 * killing the writer with SIGPIPE.
 */
export function openPipe(path: string, {uid, gid}: Pick<CreateParams, 'uid' | 'gid'>): number {
  // The service may open /dev/stdout again, as itself.
  if (uid !== undefined) chownSync(path, uid, gid ?? uid)
  return openSync(path, constants.O_RDWR)
}

const isStarted = (child: ChildProcess): child is StartedProcess => child.pid !== undefined

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such program',
  EACCES: 'it is not executable, or its folder is closed to this user',
  EPERM: 'this user may not do that',
  ENOEXEC: 'it is no program for this machine (a script needs a #! line)',
  E2BIG: 'its arguments and environment are too long',
  EAGAIN: 'the system allows no more processes',
  ENOMEM: 'the system has no memory left',
}

const startFailed = (program: string, why: string, code: string): Failure =>
  new Failure('DEPLOY_FAILED', `cannot start '${program}': ${why}`, {reason: 'StartFailed', command: program, code})

const isFolder = (path: string): boolean => statSync(path, {throwIfNoEntry: false})?.isDirectory() === true
