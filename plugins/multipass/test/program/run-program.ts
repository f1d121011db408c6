import {PassThrough, Readable} from 'node:stream'
import {buffer} from 'node:stream/consumers'
import {aborted, type Exec, type ExecRequestOptions, OmniError, throwIfAborted} from '@omni-cli/sdk'
import {runMultipass} from './main.ts'
import type {MultipassProgram} from './make-program.ts'

/** The program without a process of its own: the same code on the same state, in a few milliseconds. */
export function programExec({state}: MultipassProgram): Exec & {readonly calls: string[][]} {
  const calls: string[][] = []
  const exec: Exec = async ([, ...argv], options = {}) => {
    throwIfAborted(options.signal)
    calls.push(argv)
    const time = AbortSignal.timeout(options.timeoutMs ?? 60_000)
    const signal = options.signal === undefined ? time : AbortSignal.any([time, options.signal])
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const texts = [collect(stdout, options.onStdout), collect(stderr, options.onStderr)]
    const exitCode = await runMultipass(state, argv, {stdin: inputOf(options), stdout, stderr, signal})
    stdout.end()
    stderr.end()
    const [out = '', err = ''] = await Promise.all(texts)
    if (options.signal?.aborted) throw aborted(options.signal)
    if (time.aborted) throw new OmniError('TIMEOUT', `'multipass' did not end within ${options.timeoutMs} ms`)
    const kept = (text: string, taker: unknown) => (options.keepsOutput === false && taker !== undefined ? '' : text)
    return {exitCode, stdout: kept(out, options.onStdout), stderr: kept(err, options.onStderr)}
  }
  return Object.assign(exec, {calls})
}

const inputOf = ({input}: ExecRequestOptions): NodeJS.ReadableStream | undefined =>
  typeof input === 'string' || Buffer.isBuffer(input) ? Readable.from([Buffer.from(input)]) : input

async function collect(stream: PassThrough, onChunk: ExecRequestOptions['onStdout']): Promise<string> {
  const [copy, kept] = [new PassThrough(), new PassThrough()]
  stream.pipe(copy)
  stream.pipe(kept)
  const text = buffer(kept)
  for await (const chunk of copy) await onChunk?.(chunk)
  return (await text).toString()
}
