import type {Engine} from './engine.ts'
import type {FileJob} from './job.ts'
import {chunkLength, chunksOf} from './plan.ts'
import {neverRight} from './prepare.ts'
import {fetchChunks} from './transfer.ts'

/**
 * Fetches one chunk of a file whose whole is wrong once more, beside the one on the disk. Where they differ the new one is
 * written, and the whole is hashed again. IO when no chunk differs.
 */
export async function lookAgain(
  engine: Engine,
  {job, index}: {readonly job: FileJob; readonly index: number},
): Promise<void> {
  const {file} = job
  const copy = Buffer.allocUnsafe(chunkLength(file, index))
  let checksum = 0
  await fetchChunks(engine.transfer, job, {
    first: index,
    count: 1,
    sink: {
      async write(buffers, position) {
        let at = position - index * file.chunkBytes
        for (const buffer of buffers) at += buffer.copy(copy, at)
      },
      async chunk(_, found) {
        checksum = found
      },
    },
  })
  if (checksum !== job.ledger?.known.get(index)) {
    await job.handle?.write(copy, 0, copy.length, index * file.chunkBytes)
    await job.ledger?.add(index, checksum)
    job.check?.ready([[index, checksum]])
    engine.repairedChunks++
    engine.transfer.onNote(`${file.path}: a chunk had arrived damaged; it is replaced`)
    job.phase = 'halt'
  }
  const isLast = job.running.size <= 1
  if (job.phase === 'halt' && isLast) job.check?.again()
  else if (job.phase === 'look' && isLast && job.looked.size >= chunksOf(file)) throw neverRight(file)
}
