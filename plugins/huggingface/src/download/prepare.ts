import {rename, rm} from 'node:fs/promises'
import {aborted, OmniError} from '@omni-cli/sdk'
import type {Engine} from './engine.ts'
import {diskError} from './faults.ts'
import {allChunks, closeJob, type FileJob, newJob} from './job.ts'
import {openLedger, readLedger} from './ledger.ts'
import {chunkLength, chunksOf, type PlannedFile} from './plan.ts'

/** Takes up what is there: a whole file, or chunks of one. Nothing of it is believed before it was hashed. */
export async function prepare(engine: Engine, job: FileJob): Promise<void> {
  const {folder} = engine
  const {file} = job
  const places = folder.places(file)
  const size = await folder.sizeOf(file)
  const known = await readLedger(places.ledger, file)
  if (size === undefined || (await isOlder(engine, job, size))) {
    if (known === undefined) engine.transfer.onNote(`${file.path} is another one than before: it is fetched anew`)
    await openPart(engine, job)
    return
  }
  const isNoted = known !== undefined && known.size === chunksOf(file)
  if (size !== file.size && !isNoted) throw foreign(engine, file)
  if (size !== file.size) {
    await takeBack(engine, job)
    return
  }
  job.missing.clear()
  job.present = size
  openCheck(engine, job, places.final)
  job.check?.ready(isNoted ? known : [...allChunks(file)].map((index) => [index, null] as const))
}

/** What is in the place of the file is what an earlier download has put there, for another content of today. */
async function isOlder(engine: Engine, job: FileJob, size: number): Promise<boolean> {
  const {file} = job
  const before = (engine.folder.earlier.get(file.path) ?? []).filter(({value}) => value !== file.hash.value)
  for (const algorithm of new Set(before.map((hash) => hash.algorithm))) {
    const digest = await digestOf(engine, job, {...file, size, hash: {algorithm, value: ''}})
    if (before.some(({value}) => value === digest)) return true
  }
  return false
}

/** Hash of what is in the place of a file. */
async function digestOf({hasher, folder}: Engine, {stop}: FileJob, file: PlannedFile): Promise<string> {
  const {promise, resolve, reject} = Promise.withResolvers<string>()
  const onAbort = () => reject(aborted(stop.signal))
  stop.signal.addEventListener('abort', onAbort, {once: true})
  const check = hasher.open(folder.places(file).final, file, {
    onBad: () => reject(new OmniError('IO', `'${file.path}' changes while it is read`)),
    onDigest: resolve,
    onError: reject,
  })
  check.ready([...allChunks(file)].map((index) => [index, null] as const))
  try {
    return await promise
  } finally {
    stop.signal.removeEventListener('abort', onAbort)
    check.close()
  }
}

/** What is in the place of a file and was not made by us is not overwritten. */
const foreign = ({folder}: Engine, {path}: PlannedFile): OmniError =>
  new OmniError('CONFLICT', `'${path}' is in '${folder.path}' already and is not what the hub has`, {
    hint: 'move it away, or name another folder',
  })

async function openPart(engine: Engine, job: FileJob): Promise<void> {
  const {file} = job
  const places = engine.folder.places(file)
  try {
    job.handle = await engine.folder.openPart(file)
    job.ledger = await openLedger(places.ledger, file)
    if ((await job.handle.stat()).size !== file.size) await job.handle.truncate(file.size)
  } catch (error) {
    throw diskError(error, file.path) ?? error
  }
  const {known} = job.ledger
  for (const index of known.keys()) {
    if (job.missing.delete(index)) job.present += chunkLength(file, index)
  }
  openCheck(engine, job, places.part)
  if (known.size > 0) job.check?.ready(known)
}

/** A whole file that turned out to be damaged is a part again, so that nobody takes it for whole. */
async function takeBack(engine: Engine, job: FileJob): Promise<void> {
  const places = engine.folder.places(job.file)
  await rename(places.final, places.part)
  const check = job.check
  if (check === undefined) {
    await openPart(engine, job)
    return
  }
  // The thread goes on with the same file under its new name.
  job.handle = await engine.folder.openPart(job.file)
  job.ledger = await openLedger(places.ledger, job.file)
}

function openCheck(engine: Engine, job: FileJob, path: string): void {
  const {board} = engine
  job.check = engine.hasher.open(path, job.file, {
    onBad(index) {
      refetch(engine, job, index).then(board.wake, board.fail)
    },
    onDigest(digest) {
      judge(engine, job, digest).then(board.wake, board.fail)
    },
    onError: board.fail,
  })
}

/** Bytes on the disk are not those that were written. */
async function refetch(engine: Engine, job: FileJob, index: number): Promise<void> {
  engine.repairedChunks++
  job.present -= chunkLength(job.file, index)
  engine.transfer.onNote(`${job.file.path}: bytes on the disk have changed; a chunk is fetched again`)
  if (job.handle === undefined) await takeBack(engine, job)
  job.missing.add(index)
  job.phase = 'fetch'
}

async function judge(engine: Engine, job: FileJob, digest: string): Promise<void> {
  const {file} = job
  if (digest === file.hash.value) {
    await finish(engine, job)
    return
  }
  if (job.handle === undefined) throw foreign(engine, file)
  if (job.looked.size === 0) {
    engine.transfer.onNote(`${file.path}: the whole is wrong; its chunks are compared with the hub's`)
  }
  if (job.looked.size >= chunksOf(file)) throw neverRight(file)
  job.phase = 'look'
}

async function finish(engine: Engine, job: FileJob): Promise<void> {
  try {
    if (job.handle !== undefined) await engine.folder.finish(job.file, job.handle)
  } catch (error) {
    throw diskError(error, job.file.path) ?? error
  }
  await closeJob(job)
  job.phase = 'done'
  if (engine.active.delete(job)) engine.left--
}

/** The hub names one hash and serves something else. */
export const neverRight = ({path, hash}: PlannedFile): OmniError =>
  new OmniError(
    'IO',
    `'${path}' never becomes what the hub says it is (${hash.algorithm} ${hash.value}): it is not put in place`,
    {
      hint: 'run the same command later: the hub or something on the way damages it',
    },
  )

const MAX_RESTARTS = 3

/** The hub serves another file than the one that was begun: it is begun anew, once for all connections. */
export function restart(engine: Engine, job: FileJob, why: Error): Promise<void> {
  job.restarting ??= restartOnce(engine, job, why).finally(() => {
    job.restarting = undefined
  })
  return job.restarting
}

async function restartOnce(engine: Engine, job: FileJob, why: Error): Promise<void> {
  const {path} = job.file
  job.phase = 'halt'
  job.stop.abort()
  await Promise.allSettled(job.running)
  job.restarts++
  if (job.restarts > MAX_RESTARTS) {
    throw new OmniError('UNAVAILABLE', `'${path}' changes while it is fetched: ${why.message}`, {cause: why})
  }
  engine.transfer.onNote(`${path}: ${why.message}; it is fetched anew`)
  const file = await engine.reload(path)
  await closeJob(job)
  const places = engine.folder.places(file)
  await rm(places.part, {force: true})
  await rm(places.ledger, {force: true})
  const fresh = newJob(file)
  const {missing, looked, suspects, stop, present} = fresh
  Object.assign(job, {file, missing, looked, suspects, stop, present, located: undefined, etag: undefined})
  await openPart(engine, job)
  job.phase = 'fetch'
}
