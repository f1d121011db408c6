import {OmniError} from '@omni-cli/sdk'

export interface Frame {
  readonly stream: 'stdout' | 'stderr'
  readonly chunk: Buffer
}

const HEAD_BYTES = 8
/** The Engine sends pieces of some kilobytes. */
const LONGEST_BYTES = 64 * 1024 * 1024

/** What the Engine sends without a terminal: each piece has a head of 8 bytes, its stream and its length. */
export async function* readFrames(input: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const part of input) {
    const all = rest.length === 0 ? part : Buffer.concat([rest, part])
    let at = 0
    while (all.length - at >= HEAD_BYTES) {
      const length = all.readUInt32BE(at + 4)
      if (length > LONGEST_BYTES || all.readUInt8(at) > 3) {
        throw new OmniError('UNAVAILABLE', 'the Docker Engine sent an output that cannot be read')
      }
      const end = at + HEAD_BYTES + length
      if (end > all.length) break
      yield {stream: all.readUInt8(at) === 2 ? 'stderr' : 'stdout', chunk: all.subarray(at + HEAD_BYTES, end)}
      at = end
    }
    rest = all.subarray(at)
  }
}
