import {type FileHandle, open, readFile, rm} from 'node:fs/promises'
import {chunksOf, type PlannedFile} from './plan.ts'

/**
 * Which chunks of a file were written, with the checksum of each: lines of text, one after each chunk. It is only believed
 * as far as the bytes on the disk agree, so that it may be ahead of them after a power cut.
 */
export interface Ledger {
  /** Checksums of the chunks that are there. */
  readonly known: ReadonlyMap<number, number>
  add(index: number, checksum: number): Promise<void>
  close(): Promise<void>
}

const headOf = ({size, hash, chunkBytes}: PlannedFile): string =>
  `omni-download 1 ${hash.algorithm} ${hash.value} ${size} ${chunkBytes}`

/** What an earlier download has noted, or an empty ledger; undefined `known` of one for another content. */
export async function readLedger(path: string, file: PlannedFile): Promise<Map<number, number> | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  })
  const [head, ...lines] = text.split('\n')
  if (head === '') return new Map()
  if (head !== headOf(file)) return undefined
  const known = new Map<number, number>()
  for (const line of lines) {
    // A line that a crash has cut off counts for nothing.
    const [, index, checksum] = /^(\d{1,9}) ([0-9a-f]{8})$/.exec(line) ?? []
    if (index === undefined || checksum === undefined || Number(index) >= chunksOf(file)) continue
    known.set(Number(index), Number.parseInt(checksum, 16))
  }
  return known
}

/** Opens the ledger to go on with it; one for another content is thrown away. */
export async function openLedger(path: string, file: PlannedFile): Promise<Ledger> {
  const known = await readLedger(path, file)
  if (known === undefined) await rm(path, {force: true})
  const handle = await open(path, 'a', 0o644)
  try {
    // A line that was cut off ends here.
    await handle.write((await handle.stat()).size === 0 ? `${headOf(file)}\n` : '\n')
  } catch (error) {
    await handle.close()
    throw error
  }
  return ledgerOn(handle, known ?? new Map())
}

function ledgerOn(handle: FileHandle, known: Map<number, number>): Ledger {
  return {
    known,
    async add(index, checksum) {
      known.set(index, checksum)
      await handle.write(`${index} ${checksum.toString(16).padStart(8, '0')}\n`)
    },
    close: () => handle.close(),
  }
}
