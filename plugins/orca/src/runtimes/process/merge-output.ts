import type {Readable} from 'node:stream'

type Stream = 'stdout' | 'stderr'

export interface OutputChunk {
  readonly stream: Stream
  readonly chunk: Buffer
}

/** Chunks of both outputs as they come; none is read ahead of its reader by more than its buffer. */
export async function* mergeOutput(streams: Readonly<Record<Stream, Readable>>): AsyncGenerator<OutputChunk> {
  const sources = {
    stdout: streams.stdout[Symbol.asyncIterator](),
    stderr: streams.stderr[Symbol.asyncIterator](),
  }
  const ask = async (stream: Stream) => {
    const ended: IteratorResult<Buffer> = {done: true, value: undefined}
    return {stream, result: await sources[stream].next().catch(() => ended)}
  }
  const pending = new Map([
    ['stdout', ask('stdout')],
    ['stderr', ask('stderr')],
  ])
  while (pending.size > 0) {
    const {stream, result} = await Promise.race(pending.values())
    pending.delete(stream)
    if (result.done === true) continue
    pending.set(stream, ask(stream))
    yield {stream, chunk: result.value}
  }
}
