import {spawn} from 'node:child_process'
import {constants} from 'node:os'
import {OmniError} from '@omni-cli/sdk'
import type {ExecRequest, ExecSession} from '../runtime.ts'
import type {InstanceContext} from './wire.ts'

/** A program with the folder, environment and user of an instance, and pipes for its streams. */
export function openBeside(context: InstanceContext, {argv, terminal}: ExecRequest): ExecSession {
  if (terminal !== undefined)
    throw new OmniError('UNSUPPORTED', 'processes of the embedded engine have no terminals yet')
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    cwd: context.cwd,
    env: context.env,
    detached: true,
    stdio: 'pipe',
    ...(context.uid === undefined ? {} : {uid: context.uid}),
    ...(context.gid === undefined ? {} : {gid: context.gid}),
  })
  const exitCode = new Promise<number>((resolve) => {
    child.once('error', (error) => resolve('code' in error && error.code === 'ENOENT' ? 127 : 126))
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
  child.stdin.on('error', () => undefined)
  async function* output() {
    for await (const chunk of child.stdout) yield {stream: 'stdout' as const, chunk: chunk as Buffer}
    for await (const chunk of child.stderr) yield {stream: 'stderr' as const, chunk: chunk as Buffer}
  }
  return {
    output: output(),
    write: (chunk) => new Promise((resolve) => void child.stdin.write(chunk, () => resolve())),
    endInput: () => child.stdin.end(),
    resize: async () => undefined,
    exitCode,
    async close() {
      child.kill('SIGKILL')
    },
  }
}
