import {crc32} from 'node:zlib'
import {aborted, isAbort, isOmniError, messageOf, OmniError, sleep} from '@omni-cli/sdk'
import {headerOf, hubError, limited, pauseMs} from '../client/errors.ts'
import type {FileQuestion, Hub, Located} from '../client/hub.ts'
import {changed, diskError, isChanged, isFinal} from './faults.ts'
import {type RangeAnswer, type RangeFetcher, rangeProblem} from './fetch-range.ts'
import type {FileJob} from './job.ts'

/** What all connections of one download share. */
export interface Transfer {
  readonly hub: Hub
  readonly repo: string
  readonly commit: string
  readonly fetcher: RangeFetcher
  readonly hasToken: boolean
  readonly signal: AbortSignal
  /** Everybody waits until then: the hub has asked for it. */
  pausedUntil: number
  /** Bytes that came in. */
  fetched: number
  /** Until the first byte of the last answer, in milliseconds. */
  latencyMs: number
  onNote(text: string): void
}

/** Takes bytes in their order; what it resolves when a chunk is whole is waited for. */
export interface Sink {
  /** Position is that in the file. */
  write(buffers: readonly Buffer[], position: number): Promise<void>
  chunk(index: number, checksum: number): Promise<void>
}

const TRIES_WITHOUT_PROGRESS = 7
const MAX_PAUSE_MS = 600_000
const WRITE_BYTES = 1024 * 1024

/** Fetches whole chunks in a row; a connection that is cut goes on where it was cut. */
export async function fetchChunks(
  transfer: Transfer,
  job: FileJob,
  {first, count, sink}: {readonly first: number; readonly count: number; readonly sink: Sink},
): Promise<void> {
  const {size, chunkBytes} = job.file
  const state: RunState = {
    position: first * chunkBytes,
    end: Math.min(size, (first + count) * chunkBytes),
    checksum: 0,
    chunkBytes,
  }
  job.runs.add(state)
  try {
    await fetchRun(transfer, job, {state, sink, signal: AbortSignal.any([transfer.signal, job.stop.signal])})
  } finally {
    job.runs.delete(state)
  }
}

/** Until the end of the run, which another connection may bring nearer meanwhile. */
async function fetchRun(transfer: Transfer, job: FileJob, {state, sink, signal}: Reading): Promise<void> {
  for (let tries = 0; state.position < state.end; ) {
    const before = state.position
    try {
      await waitForPause(transfer, signal)
      await readRange(transfer, job, {state, sink, signal})
    } catch (error) {
      if (signal.aborted) throw aborted(signal)
      const failure = diskError(error, job.file.path) ?? error
      if (isFinal(failure)) throw failure
      tries = state.position > before ? 1 : tries + 1
      job.suspects.add(Math.floor(state.position / state.chunkBytes))
      if (tries >= TRIES_WITHOUT_PROGRESS) throw lastError(failure, job)
      await sleep(Math.min(10_000, 100 * 2 ** tries), signal)
    }
  }
}

interface RunState {
  position: number
  readonly end: number
  readonly chunkBytes: number
  /** Of the chunk that is being read. */
  checksum: number
}

async function waitForPause(transfer: Transfer, signal: AbortSignal): Promise<void> {
  for (let waitMs = transfer.pausedUntil - Date.now(); waitMs > 0; waitMs = transfer.pausedUntil - Date.now()) {
    await sleep(waitMs, signal)
  }
}

interface Reading {
  readonly state: RunState
  readonly sink: Sink
  readonly signal: AbortSignal
}

async function readRange(transfer: Transfer, job: FileJob, {state, sink, signal}: Reading): Promise<void> {
  const {url} = await locate(transfer, job)
  const range = {first: state.position, last: state.end - 1}
  const startedAt = performance.now()
  const answer = await transfer.fetcher.open(url, range, signal)
  transfer.latencyMs = performance.now() - startedAt
  try {
    refuse(transfer, job, answer)
    const problem = rangeProblem(answer, range, job.file.size)
    if (problem?.startsWith('it has') === true) throw changed(problem)
    if (problem !== undefined)
      throw new OmniError('UNAVAILABLE', `the hub answers wrongly: ${problem}`, {retryable: true})
    // A server that knows no ranges begins at the first byte.
    await readBody(transfer, answer, {state, sink, skip: answer.status === 200 ? state.position : 0})
  } finally {
    // Of an answer that was not read to its end the connection is of no use.
    if (!answer.body.complete) answer.body.destroy()
  }
}

/** Answers that are no data. */
function refuse(transfer: Transfer, job: FileJob, answer: RangeAnswer): void {
  const {status} = answer
  const {endpoint} = transfer.hub.target
  if (status === 429 || status === 503) {
    const waitMs = pauseMs(answer) ?? 5000
    if (waitMs > MAX_PAUSE_MS) throw limited(answer)
    transfer.pausedUntil = Math.max(transfer.pausedUntil, Date.now() + waitMs)
    throw new OmniError('UNAVAILABLE', `the hub answered ${status}`, {retryable: true})
  }
  if (status === 200 || status === 206) {
    const commit = headerOf(answer, 'x-repo-commit')
    if (commit !== undefined && commit !== transfer.commit) throw changed(`the hub serves it of commit ${commit}`)
    const etag = headerOf(answer, 'etag')
    if (job.etag !== undefined && etag !== undefined && etag !== job.etag) throw changed('its ETag has changed')
    job.etag ??= etag
    return
  }
  const isHub = answer.url.origin === new URL(endpoint).origin
  if (!isHub || status === 416) {
    // The link has expired, or the file is a shorter one now: the hub is asked anew for it.
    job.located = undefined
    job.etag = undefined
    throw new OmniError('UNAVAILABLE', `'${job.file.path}' is answered with ${status}`, {retryable: true})
  }
  throw hubError(answer, {what: `'${job.file.path}'`, repo: transfer.repo, endpoint, hasToken: transfer.hasToken})
}

async function readBody(
  transfer: Transfer,
  {body}: RangeAnswer,
  {state, sink, skip}: Pick<Reading, 'state' | 'sink'> & {readonly skip: number},
): Promise<void> {
  const batch = createBatch(state, sink)
  let left = skip
  try {
    for await (const data of body) {
      transfer.fetched += data.length
      const skipped = Math.min(left, data.length)
      left -= skipped
      const rest = await takeBytes(data.subarray(skipped), {state, sink, batch})
      // More than was asked for; a connection that is read to its end can be used again.
      if (rest > 0) return
    }
  } finally {
    // What has come before a cut is kept: the next request begins after it.
    await batch.flush()
  }
  if (state.position < state.end) throw new OmniError('UNAVAILABLE', 'the connection was cut', {retryable: true})
}

/** Bytes that have come and are not written yet. */
interface Batch {
  readonly bytes: () => number
  add(buffer: Buffer): void
  flush(): Promise<void>
}

function createBatch(state: RunState, sink: Sink): Batch {
  let buffers: Buffer[] = []
  let bytes = 0
  return {
    bytes: () => bytes,
    add(buffer) {
      buffers.push(buffer)
      bytes += buffer.length
    },
    async flush() {
      const [taken, start] = [buffers, state.position - bytes]
      buffers = []
      bytes = 0
      if (taken.length > 0) await sink.write(taken, start)
    },
  }
}

/** Takes what belongs to the run, chunk by chunk; resolves to the number of bytes beyond its end. */
async function takeBytes(
  data: Buffer,
  {state, sink, batch}: Pick<Reading, 'state' | 'sink'> & {readonly batch: Batch},
): Promise<number> {
  let buffer = data
  while (buffer.length > 0 && state.position < state.end) {
    const chunkEnd = Math.min(state.end, (Math.floor(state.position / state.chunkBytes) + 1) * state.chunkBytes)
    const part = buffer.subarray(0, chunkEnd - state.position)
    buffer = buffer.subarray(part.length)
    state.checksum = crc32(part, state.checksum)
    state.position += part.length
    batch.add(part)
    const isEnd = state.position === chunkEnd
    if (isEnd || batch.bytes() >= WRITE_BYTES) await batch.flush()
    if (isEnd) await endChunk(state, sink)
  }
  return buffer.length
}

async function endChunk(state: RunState, sink: Sink): Promise<void> {
  const {checksum} = state
  state.checksum = 0
  await sink.chunk(Math.floor((state.position - 1) / state.chunkBytes), checksum)
}

/** Where the file is; asked once for all connections, and again when the address has expired. */
function locate(transfer: Transfer, job: FileJob): Promise<Located> {
  const {hub, repo, commit, signal} = transfer
  const {path, size, hash, chunkBytes} = job.file
  const question: FileQuestion = {repo, commit, path, signal}
  if (job.located === undefined) {
    const isDirect = hash.algorithm === 'git-sha1' && size <= chunkBytes
    const located = isDirect ? Promise.resolve({url: hub.addressOf(question)}) : locateChecked(transfer, job, question)
    job.located = located
    located.catch(() => {
      if (job.located === located) job.located = undefined
    })
  }
  return job.located
}

async function locateChecked({hub, commit}: Transfer, {file}: FileJob, question: FileQuestion): Promise<Located> {
  const located = await hub.locate(question)
  const isHash =
    located.etag !== undefined && /^[0-9a-f]+$/.test(located.etag) && located.etag.length === file.hash.value.length
  if (isHash && located.etag !== file.hash.value) throw changed('the hub names another hash for it')
  if (located.commit !== undefined && located.commit !== commit)
    throw changed(`the hub serves it of commit ${located.commit}`)
  return located
}

function lastError(error: unknown, {file}: FileJob): OmniError {
  if (isOmniError(error) && error.code !== 'UNAVAILABLE') return error
  if (isAbort(error) || isChanged(error)) return new OmniError('UNAVAILABLE', messageOf(error), {cause: error})
  return new OmniError('UNAVAILABLE', `'${file.path}' cannot be fetched: ${messageOf(error)}`, {
    cause: error,
    hint: 'run the same command again: it goes on where it was',
  })
}
