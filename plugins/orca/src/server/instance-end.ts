import type {ExitInfo} from '@omni-cli/sdk'
import type {Runtime, RuntimeInstance} from '../runtimes/runtime.ts'

/** Lines that are kept of an instance that failed. */
const LAST_LINES = 20

/** Last output of an instance; empty when there is none to be had. */
export const lastWords = (runtime: Runtime, {id}: RuntimeInstance): Promise<string[]> =>
  runtime.lastLines(id, LAST_LINES).catch(() => [])

/** Ends and forgets an instance; rejects when that cannot be done now. */
export async function endInstance(
  runtime: Runtime,
  {id}: RuntimeInstance,
  graceMs: number,
): Promise<ExitInfo | undefined> {
  const exit = await runtime.stop(id, {graceMs})
  await runtime.remove(id)
  return exit
}

/** Takes the last words of an instance that has ended, then the runtime may forget it. */
export async function collectInstance(runtime: Runtime, instance: RuntimeInstance): Promise<string[]> {
  const lines = await lastWords(runtime, instance)
  await runtime.remove(instance.id).catch(() => undefined)
  return lines
}
