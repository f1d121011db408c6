import {aborted} from '@omni-cli/sdk'
import {type Board, createBoard} from './board.ts'
import {isChanged} from './faults.ts'
import type {TargetFolder} from './folder.ts'
import type {Hasher} from './hasher.ts'
import {closeJob, type FileJob, newJob, type Task, takeTask} from './job.ts'
import {chunkLength, chunksOf, type PlannedFile} from './plan.ts'
import {prepare, restart} from './prepare.ts'
import type {Sink} from './read-body.ts'
import {lookAgain} from './second-look.ts'
import {fetchChunks, type Transfer} from './transfer.ts'

/** One download. */
export interface Engine {
  readonly transfer: Transfer
  readonly folder: TargetFolder
  readonly hasher: Hasher
  readonly board: Board
  readonly connections: number
  /** Chunks of one request at most. */
  readonly maxRun?: number | undefined
  readonly jobs: readonly FileJob[]
  /** Those that are begun and not done. */
  readonly active: Set<FileJob>
  /** Files that are not done. */
  left: number
  /** Chunks of files that are not begun. */
  waitingChunks: number
  /** The file as the hub tells it now. */
  reload(path: string): Promise<PlannedFile>
  repairedChunks: number
}

export type EngineParts = Pick<Engine, 'transfer' | 'folder' | 'hasher' | 'connections' | 'maxRun' | 'reload'>

export function createEngine(parts: EngineParts, files: readonly PlannedFile[]): Engine {
  const jobs = files.map(newJob)
  const board = createBoard(() => {
    for (const job of jobs) job.stop.abort()
  })
  const waitingChunks = files.reduce((sum, file) => sum + chunksOf(file), 0)
  return {...parts, board, jobs, active: new Set(), left: jobs.length, waitingChunks, repairedChunks: 0}
}

/** Fetches, checks and puts in place; resolves when every file is what it must be. */
export async function runEngine(engine: Engine): Promise<void> {
  const {board, transfer, jobs} = engine
  const onAbort = () => board.fail(aborted(transfer.signal))
  if (transfer.signal.aborted) onAbort()
  transfer.signal.addEventListener('abort', onAbort, {once: true})
  try {
    const waiting = [...jobs]
    await Promise.all(Array.from({length: engine.connections}, () => work(engine, waiting)))
    if (board.failure !== undefined) throw board.failure
  } finally {
    transfer.signal.removeEventListener('abort', onAbort)
    await Promise.allSettled(jobs.flatMap((job) => [...job.running]))
    for (const job of jobs) await closeJob(job)
  }
}

/**
 * Chunks of one request: few towards the end, so that all connections end together; more over far distances, where each request
 * costs a while.
 */
function runLength({transfer, active, waitingChunks, connections, maxRun}: Engine): number {
  let missing = waitingChunks
  for (const job of active) missing += job.missing.size
  const most = maxRun ?? (transfer.latencyMs >= FAR_MS ? FAR_RUN : RUN)
  return Math.max(1, Math.min(most, Math.ceil(missing / (2 * connections))))
}

const RUN = 16
const FAR_MS = 30
const FAR_RUN = 64

/** Files that are open at a time, besides one for each connection. */
const MORE_OPEN = 8

/** One connection, from its first request to the end of the download. */
async function work(engine: Engine, waiting: FileJob[]): Promise<void> {
  const {board, active, connections} = engine
  while (board.failure === undefined && engine.left > 0) {
    // Asked for before, so that nothing is missed.
    const change = board.change()
    const task = takeTask(active, runLength(engine))
    if (task !== undefined) {
      await perform(engine, task)
      board.wake()
      continue
    }
    const next = active.size < connections + MORE_OPEN ? waiting.shift() : undefined
    if (next === undefined) await change
    else await begin(engine, next)
  }
}

async function begin(engine: Engine, job: FileJob): Promise<void> {
  const {board} = engine
  engine.active.add(job)
  engine.waitingChunks -= chunksOf(job.file)
  job.phase = 'halt'
  await prepare(engine, job).catch(board.fail)
  if (job.phase === 'halt') job.phase = 'fetch'
  board.wake()
}

async function perform(engine: Engine, task: Task): Promise<void> {
  const {job} = task
  const {signal} = job.stop
  const running =
    task.kind === 'fetch' ? fetchChunks(engine.transfer, job, {...task, sink: sinkOf(job)}) : lookAgain(engine, task)
  job.running.add(running)
  try {
    await running
  } catch (error) {
    if (isChanged(error)) await restart(engine, job, error).catch(engine.board.fail)
    else if (!signal.aborted || engine.transfer.signal.aborted) engine.board.fail(error)
  } finally {
    job.running.delete(running)
  }
}

/** Chunks after which what was written is sent to the disk, so that the end has not to wait for all of it. */
const SYNC_CHUNKS = 64

/** Writes to the part; a chunk is noted when its bytes are written, and hashed from then on. */
function sinkOf(job: FileJob): Sink {
  const {handle, ledger, check, file} = job
  return {
    async write(buffers, position) {
      let [left, at] = [buffers, position]
      while (left.length > 0) {
        const written = (await handle?.writev(left, at))?.bytesWritten ?? 0
        at += written
        left = after(left, written)
      }
    },
    async chunk(index, checksum) {
      await ledger?.add(index, checksum)
      check?.ready([[index, checksum]])
      job.present += chunkLength(file, index)
      // A failure comes back when the file is finished.
      if (index % SYNC_CHUNKS === SYNC_CHUNKS - 1) handle?.datasync().catch(() => undefined)
    },
  }
}

/** What a write that was cut short has left. */
function after(buffers: readonly Buffer[], written: number): Buffer[] {
  let skip = written
  return buffers.flatMap((buffer) => {
    const skipped = Math.min(skip, buffer.length)
    skip -= skipped
    return skipped === buffer.length ? [] : [buffer.subarray(skipped)]
  })
}
