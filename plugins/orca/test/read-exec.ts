import type {ExecSession} from '../src/runtimes/runtime.ts'

/** All that a program says, as text, and how it ends. */
export async function readExec(session: ExecSession) {
  const chunks = {stdout: [] as Buffer[], stderr: [] as Buffer[]}
  for await (const {stream, chunk} of session.output) chunks[stream].push(chunk)
  const text = (stream: 'stdout' | 'stderr') => Buffer.concat(chunks[stream]).toString()
  return {stdout: text('stdout'), stderr: text('stderr'), exitCode: await session.exitCode}
}
