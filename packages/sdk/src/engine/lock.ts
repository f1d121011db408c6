import {readFile, rm} from 'node:fs/promises'
import {hostname, userInfo} from 'node:os'
import {join} from 'node:path'
import {messageOf, OmniError} from '../errors.ts'
import {ensurePrivateDir, writeFileAtomic} from '../io/files.ts'
import {sleep} from '../io/sleep.ts'

/** Who holds a lock. */
export interface LockHolder {
  readonly user: string
  readonly host: string
  readonly pid: number
  /** What it does: `omni apply`. */
  readonly command: string
  /** RFC 3339. */
  readonly since: string
}

export interface LockOptions {
  /** Folder of omni's own files. */
  readonly home: string
  /** What is locked: the name of the context. */
  readonly name: string
  /** For whoever finds it locked. */
  readonly command: string
}

const SQLITE_BUSY = 5

/**
 * Does the work while no other process holds the lock of this name. LOCKED, at once, names the holder.
 * The system itself lets go when a process dies, however it dies, so that there are no stale locks to judge.
 */
export async function withLock<T>(options: LockOptions, work: () => Promise<T>): Promise<T> {
  const folder = join(options.home, 'locks')
  await ensurePrivateDir(folder)
  const base = join(folder, encodeURIComponent(options.name))
  const release = await acquire(base)
  try {
    await writeFileAtomic(`${base}.json`, `${JSON.stringify(holder(options.command))}\n`)
    return await work()
  } finally {
    await rm(`${base}.json`, {force: true}).catch(() => undefined)
    release()
  }
}

/** An exclusive transaction on an empty database is a lock of the operating system, the same on every platform. */
async function acquire(base: string): Promise<() => void> {
  const {DatabaseSync} = await import('node:sqlite')
  let database: InstanceType<typeof DatabaseSync> | undefined
  try {
    database = new DatabaseSync(`${base}.lock`, {timeout: 0})
    database.exec('BEGIN EXCLUSIVE')
    const held = database
    return () => held.close()
  } catch (error) {
    database?.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) throw await lockedError(base)
    throw new OmniError('IO', `cannot lock '${base}.lock': ${messageOf(error)}`, {cause: error})
  }
}

const holder = (command: string): LockHolder => ({
  user: userName(),
  host: hostname(),
  pid: process.pid,
  command,
  since: new Date().toISOString(),
})

/** A user id without an entry has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

async function lockedError(base: string): Promise<OmniError> {
  const found = await findHolder(`${base}.json`)
  if (found === undefined) return new OmniError('LOCKED', 'another command is at work here', {retryable: true})
  const {command, user, host, pid, since} = found
  return new OmniError('LOCKED', `'${command}' of ${user}@${host} (process ${pid}) is at work here since ${since}`, {
    hint: `wait until it ends, or end it: kill ${pid}`,
    details: found,
    retryable: true,
  })
}

/** Whoever has just taken the lock says so a moment later. */
async function findHolder(file: string): Promise<LockHolder | undefined> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const found = await readHolder(file)
    if (found !== undefined) return found
    await sleep(20)
  }
  return undefined
}

async function readHolder(file: string): Promise<LockHolder | undefined> {
  try {
    const found: unknown = JSON.parse(await readFile(file, 'utf8'))
    return isHolder(found) ? found : undefined
  } catch {
    // Between taking the lock and saying so, or gone meanwhile.
    return undefined
  }
}

const isHolder = (value: unknown): value is LockHolder =>
  typeof value === 'object' &&
  value !== null &&
  ['user', 'host', 'command', 'since'].every((key) => typeof Reflect.get(value, key) === 'string') &&
  typeof Reflect.get(value, 'pid') === 'number'
