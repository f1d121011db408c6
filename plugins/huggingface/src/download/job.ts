import type {FileHandle} from 'node:fs/promises'
import type {Located} from '../client/hub.ts'
import type {FileCheck} from './hasher.ts'
import type {Ledger} from './ledger.ts'
import {chunksOf, type PlannedFile} from './plan.ts'

/** One request that is running: the bytes that it is for, some of which may be given to another connection. */
export interface Run {
  /** Of the next byte. */
  position: number
  /** After the last byte. */
  end: number
}

/** How far one file is. */
export interface FileJob {
  file: PlannedFile
  /**
   * `waiting`: nothing is open; `fetch`: chunks are missing or are being hashed; `look`: all are there, the whole is wrong, and they are compared with the
   * hub's once more; `halt`: nothing is handed out.
   */
  phase: 'waiting' | 'fetch' | 'look' | 'halt' | 'done'
  /** Chunks that nobody has and nobody fetches; lowest first. */
  missing: Set<number>
  /** Chunks that were compared in the second look. */
  looked: Set<number>
  /** Chunks that came over a connection that had faults: looked at first. */
  suspects: Set<number>
  /** What connections are doing for it. */
  readonly running: Set<Promise<void>>
  readonly runs: Set<Run>
  /** Open while the file is not in its place. */
  handle?: FileHandle | undefined
  ledger?: Ledger | undefined
  check?: FileCheck | undefined
  located?: Promise<Located> | undefined
  /** Bytes that are on the disk. */
  present: number
  /** The hub sends the whole of it, whatever part it is asked for: one connection reads it in one go. */
  isUndivided: boolean
  /** ETag of the address in use. */
  etag?: string | undefined
  /** Ends what is being fetched when the file turns out to be another one. */
  stop: AbortController
  restarts: number
  restarting?: Promise<void> | undefined
}

export const allChunks = (file: PlannedFile): Set<number> =>
  new Set(Array.from({length: chunksOf(file)}, (_, index) => index))

export const newJob = (file: PlannedFile): FileJob => ({
  file,
  phase: 'waiting',
  missing: allChunks(file),
  looked: new Set(),
  suspects: new Set(),
  running: new Set(),
  runs: new Set(),
  stop: new AbortController(),
  present: 0,
  isUndivided: false,
  restarts: 0,
})

export type Task =
  | {readonly kind: 'fetch'; readonly job: FileJob; readonly first: number; readonly count: number}
  | {readonly kind: 'look'; readonly job: FileJob; readonly index: number}

/**
 * What a connection does next: missing chunks, then a part of what another one has still to fetch, then second looks. Undefined when
 * there is nothing to do right now.
 */
export function takeTask(jobs: Iterable<FileJob>, runLength: number): Task | undefined {
  for (const job of jobs) {
    const mayFetch = job.phase === 'fetch' && !(job.isUndivided && job.runs.size > 0)
    const first = mayFetch ? job.missing.values().next().value : undefined
    if (first === undefined) continue
    const most = job.isUndivided ? Number.POSITIVE_INFINITY : runLength
    let count = 0
    while (count < most && job.missing.delete(first + count)) count++
    return {kind: 'fetch', job, first, count}
  }
  return takeOver(jobs) ?? takeLook(jobs)
}

/** The second half of the longest run, so that no connection is idle while another has several chunks to go. */
function takeOver(jobs: Iterable<FileJob>): Task | undefined {
  const left = ({run}: {readonly run: Run}) => run.end - run.position
  const [longest] = [...jobs]
    .flatMap((job) => (job.phase === 'fetch' && !job.isUndivided ? [...job.runs].map((run) => ({job, run})) : []))
    .sort((a, b) => left(b) - left(a))
  if (longest === undefined) return undefined
  const {job, run} = longest
  const {chunkBytes} = job.file
  if (left(longest) < 2 * chunkBytes) return undefined
  const first = Math.ceil((run.position + left(longest) / 2) / chunkBytes)
  const count = Math.ceil(run.end / chunkBytes) - first
  if (count <= 0) return undefined
  run.end = first * chunkBytes
  return {kind: 'fetch', job, first, count}
}

function takeLook(jobs: Iterable<FileJob>): Task | undefined {
  for (const job of jobs) {
    const index = job.phase === 'look' ? nextLook(job) : undefined
    if (index === undefined) continue
    job.looked.add(index)
    return {kind: 'look', job, index}
  }
  return undefined
}

function nextLook({file, looked, suspects}: FileJob): number | undefined {
  for (const index of suspects) if (!looked.has(index)) return index
  for (let index = 0; index < chunksOf(file); index++) if (!looked.has(index)) return index
  return undefined
}

/** Lets go of what is open. Safe to call twice. */
export async function closeJob(job: FileJob): Promise<void> {
  const {handle, ledger, check} = job
  job.handle = undefined
  job.ledger = undefined
  job.check = undefined
  check?.close()
  await ledger?.close()
  await handle?.close()
}
