import {aborted, isAbort, isOmniError, messageOf, OmniError, sleep} from '@omni-cli/sdk'
import {headerOf, hubError, limited, pauseMs} from '../client/errors.ts'
import type {FileQuestion, Hub, Located} from '../client/hub.ts'
import {changed, diskError, isChanged, isFinal} from './faults.ts'
import {type RangeAnswer, type RangeFetcher, rangeProblem} from './fetch-range.ts'
import type {FileJob} from './job.ts'
import {type RunState, readBody, type Sink} from './read-body.ts'

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
  /** Before a second try. */
  readonly retryMs: number
  readonly silenceMs: number
  onNote(text: string): void
}

const TRIES_WITHOUT_PROGRESS = 7
/** Less than that is no progress: a hub that sends a byte now and then would never be given up. */
const PROGRESS_BYTES = 1024
const MAX_PAUSE_MS = 600_000

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
      tries = state.position - before >= PROGRESS_BYTES ? 1 : tries + 1
      job.suspects.add(Math.floor(state.position / state.chunkBytes))
      if (tries >= TRIES_WITHOUT_PROGRESS) throw lastError(failure, job)
      await sleep(Math.min(10_000, transfer.retryMs * 2 ** (tries - 1)), signal)
    }
  }
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
    job.isUndivided = answer.status === 200 && job.file.size > job.file.chunkBytes
    let sinceLook = 0
    const onData = (bytes: number) => {
      transfer.fetched += bytes
      sinceLook += bytes
    }
    using _watch = every(transfer.silenceMs, () => {
      if (sinceLook < PROGRESS_BYTES) answer.body.destroy(new Error('the hub sends next to nothing'))
      sinceLook = 0
    })
    await readBody(answer.body, {state, sink, onData, skip: answer.status === 200 ? state.position : 0})
  } finally {
    // Of an answer that was not read to its end the connection is of no use.
    if (!answer.body.complete) answer.body.destroy()
  }
}

function every(ms: number, act: () => void): Disposable {
  const timer = setInterval(act, ms)
  timer.unref()
  return {[Symbol.dispose]: () => clearInterval(timer)}
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
