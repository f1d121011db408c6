import {OmniError} from '@omni-cli/sdk'
import {isObject, type JsonObject, objectOf} from './json.ts'

/** A longer header is refused, as the operator does it. */
export const MAX_HEADER_BYTES = 10 * 1024 * 1024

/** Reads bytes of a file, both ends included. */
export type ReadRange = (first: number, last: number) => Promise<Buffer>

/** Most headers are shorter. */
const FIRST_LOOK = 64 * 1024

/**
 * Parameters in a file of safetensors: the product of each tensor's shape, summed up; scales count, scalars do not.
 * Only the header is read. IO when it is none.
 */
export async function countParameters(read: ReadRange, fileBytes: number): Promise<number> {
  if (fileBytes < 8) throw damaged('it is too short')
  const start = await read(0, Math.min(FIRST_LOOK, fileBytes) - 1)
  if (start.length < 8) throw damaged('it is too short')
  const length = start.readBigUInt64LE(0)
  if (length > BigInt(MAX_HEADER_BYTES)) throw damaged(`its header says it is ${length} bytes long`)
  const size = Number(length)
  if (size + 8 > fileBytes) throw damaged('its header is longer than the file')
  const rest = size + 8 > start.length ? await read(start.length, size + 7) : Buffer.alloc(0)
  const text = Buffer.concat([start, rest]).toString('utf8', 8, size + 8)
  let header: unknown
  try {
    header = JSON.parse(text)
  } catch (error) {
    throw damaged('its header is no JSON', error)
  }
  if (!isObject(header)) throw damaged('its header is no JSON object')
  const counts = Object.entries(header).map(([name, tensor]) => (name === '__metadata__' ? 0 : sizeOf(tensor)))
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (!Number.isSafeInteger(total)) throw damaged('its tensors are larger than any can be')
  return total
}

function sizeOf(tensor: unknown): number {
  const shape = isObject(tensor) && Array.isArray(tensor.shape) ? tensor.shape : undefined
  if (shape === undefined || !shape.every((side) => Number.isSafeInteger(side) && side >= 0)) {
    throw damaged('a tensor has no shape')
  }
  return shape.length === 0 ? 0 : shape.reduce((product, side) => product * side, 1)
}

const damaged = (why: string, cause?: unknown): OmniError =>
  new OmniError('IO', `no file of safetensors: ${why}`, {cause})

/** Names of the shards that an index names, each once. */
export function shardsOf(index: JsonObject): string[] {
  const names = Object.values(objectOf(index, 'weight_map')).filter((name) => typeof name === 'string')
  return [...new Set(names)].sort()
}
