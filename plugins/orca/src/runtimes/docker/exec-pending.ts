import type {ExecRequest, ExecSession} from '../runtime.ts'
import type {Engine} from './engine/engine.ts'
export async function openExec(engine: Engine, id: string, request: ExecRequest): Promise<ExecSession> {
  throw new Error(`pending ${engine.host} ${id} ${request.argv[0]}`)
}
export async function runExec(
  engine: Engine,
  id: string,
  argv: readonly string[],
  options: {readonly timeoutMs: number; readonly signal?: AbortSignal | undefined},
): Promise<{exitCode: number; output: string}> {
  throw new Error(`pending ${engine.host} ${id} ${argv[0]} ${options.timeoutMs}`)
}
