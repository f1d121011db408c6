import {createHash, randomFillSync} from 'node:crypto'

/** Bytes of a file on the hub. */
export interface Content {
  readonly size: number
  /** Pieces of that part, without copies where that is possible. */
  pieces(first: number, last: number): Iterable<Buffer>
}

const BLOCK = 16 * 1024 * 1024
const PIECE = 256 * 1024
const STEP = 8 * 1024 * 1024

export const textContent = (text: string | Buffer): Content => {
  const bytes = Buffer.from(text)
  return {
    size: bytes.length,
    *pieces(first, last) {
      for (let at = first; at <= last && at < bytes.length; at += PIECE) {
        yield bytes.subarray(at, Math.min(last + 1, at + PIECE))
      }
    },
  }
}

/** As many bytes as are wanted, that look like weights: no two parts of 8 MiB are the same. */
export function largeContent(size: number): Content {
  if (size < BLOCK) return textContent(randomFillSync(Buffer.allocUnsafe(size)))
  const block = randomFillSync(Buffer.allocUnsafe(BLOCK + STEP))
  return {
    size,
    *pieces(first, last) {
      for (let at = first; at <= last; ) {
        const step = Math.floor(at / STEP)
        const end = Math.min(last + 1, (step + 1) * STEP, at + PIECE)
        // Each part begins at another place of the block.
        const start = ((step * 4099) % BLOCK) + (at % STEP)
        yield block.subarray(start, start + (end - at))
        at = end
      }
    },
  }
}

export function hashOf(content: Content, algorithm: 'sha256' | 'sha1', prefix = ''): string {
  const hash = createHash(algorithm).update(prefix)
  for (const piece of content.pieces(0, content.size - 1)) hash.update(piece)
  return hash.digest('hex')
}

export function bytesOf(content: Content): Buffer {
  return Buffer.concat([...content.pieces(0, content.size - 1)])
}

/** A file of safetensors with tensors of those shapes; the data is left out where it would be long. */
export function safetensors(tensors: Readonly<Record<string, readonly number[]>>): Buffer {
  const header: Record<string, unknown> = {__metadata__: {format: 'pt'}}
  for (const [name, shape] of Object.entries(tensors)) header[name] = {dtype: 'BF16', shape, data_offsets: [0, 0]}
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, Buffer.from('weights')])
}
