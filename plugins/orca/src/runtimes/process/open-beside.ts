import {messageOf} from '@omni-cli/sdk'
import type {ExecRequest, ExecSession} from '../runtime.ts'
import {mergeOutput, type OutputChunk} from './merge-output.ts'
import {openTerminal} from './open-terminal.ts'
import {exitStatusOf, inputTo, killGroup, spawnBeside} from './spawn-beside.ts'
import type {InstanceContext} from './wire.ts'

/**
 * A program with the folder, environment and user of an instance, and pipes or a terminal for its streams. What it
 * leaves behind in its group ends with the session. UNSUPPORTED when this machine has no terminals to give.
 */
export async function openBeside(context: InstanceContext, {argv, terminal}: ExecRequest): Promise<ExecSession> {
  if (terminal !== undefined) return openTerminal(context, argv, terminal)
  const child = spawnBeside(context, argv)
  let failure: unknown
  child.once('error', (error) => {
    failure = error
  })
  const exitCode = exitStatusOf(child)
  return {
    output: withFailure(mergeOutput(child), () => failure),
    ...inputTo(child),
    resize: async () => undefined,
    exitCode,
    async close() {
      killGroup(child.pid)
      await exitCode
    },
  }
}

/** A program that cannot be started says so where its own complaints would be. */
async function* withFailure(output: AsyncIterable<OutputChunk>, failure: () => unknown): AsyncGenerator<OutputChunk> {
  yield* output
  const error = failure()
  if (error !== undefined) yield {stream: 'stderr', chunk: Buffer.from(`${messageOf(error)}\n`)}
}
