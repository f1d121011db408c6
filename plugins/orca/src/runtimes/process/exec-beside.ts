import {throwIfAborted} from '@omni-cli/sdk'
import {collectExec} from '../collect-exec.ts'
import {openBeside} from './open-beside.ts'
import type {InstanceContext} from './wire.ts'

export interface ExecBesideOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a program with the folder, environment and user of an instance; stdout and stderr in one. 127 and 126 as in a
 * shell when it cannot be started, 128 + n for a signal. TIMEOUT and ABORTED end its whole group.
 */
export async function execBeside(
  context: InstanceContext,
  argv: readonly string[],
  options: ExecBesideOptions,
): Promise<{readonly exitCode: number; readonly output: string}> {
  throwIfAborted(options.signal)
  return collectExec(await openBeside(context, {argv}), {program: argv[0] ?? '', ...options})
}
