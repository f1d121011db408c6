import {type ChildProcess, type ChildProcessWithoutNullStreams, spawn} from 'node:child_process'
import {constants} from 'node:os'
import type {ExecSession} from '../runtime.ts'
import type {InstanceContext} from './wire.ts'

/** Starts a program, in a group of its own, with the folder, environment and user of an instance, and pipes. */
export const spawnBeside = (
  {cwd, env, uid, gid}: InstanceContext,
  [program = '', ...args]: readonly string[],
): ChildProcessWithoutNullStreams => {
  const user = {...(uid === undefined ? {} : {uid}), ...(gid === undefined ? {} : {gid})}
  const child = spawn(program, args, {...user, cwd, env, detached: true})
  // It need not read what it is given.
  child.stdin.on('error', () => undefined)
  return child
}

/** As in a shell: 127 and 126 when it cannot be started, 128 + n for a signal. */
export function exitStatusOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve('code' in error && error.code === 'ENOENT' ? 127 : 126))
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}

/** SIGKILL for all of its group; one that has ended is no error. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    return
  }
}

/** What is written to a program that does not read any more is lost, as in a pipe of a shell. */
export const inputTo = ({stdin}: ChildProcessWithoutNullStreams): Pick<ExecSession, 'write' | 'endInput'> => ({
  write: (chunk) =>
    new Promise((resolve) => {
      if (stdin.writable) stdin.write(chunk, () => resolve())
      else resolve()
    }),
  endInput: () => void stdin.end(),
})
