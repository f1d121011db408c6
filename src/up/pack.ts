import {createHash, type Hash, randomUUID} from 'node:crypto'
import type {BigIntStats} from 'node:fs'
import {constants, createWriteStream} from 'node:fs'
import {open, rm, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {Readable, Transform} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {createGzip} from 'node:zlib'
import {ensurePrivateDir, formatBytes, isAbort, OmniError, reasonOf, throwIfAborted} from '@omni-cli/sdk'
import {entryHeader, padding, trailer} from './archive.ts'
import {type LeftOut, readFailure, type WalkEntry, walk} from './walk.ts'

export interface PackOptions {
  readonly signal?: AbortSignal | undefined
  /** Folder for the archive; made if absent, 0700. */
  readonly into: string
  /** The build installs packages again, so that installed ones stay out. Default false. */
  readonly rebuilds?: boolean | undefined
  /** Files that are not in the folder: archive path → content. */
  readonly extraFiles?: Readonly<Record<string, Buffer>> | undefined
  readonly onEntry?: ((path: string, files: number) => void) | undefined
  readonly limits?: {readonly files: number; readonly bytes: number} | undefined
}

/** A finished archive; `file` is gone after disposal. */
export interface PackedSource extends AsyncDisposable {
  /** `sha256:<64 hex>` of the file's bytes. */
  readonly digest: string
  readonly file: string
  readonly sizeBytes: number
  readonly files: number
  readonly leftOut: readonly LeftOut[]
}

const LIMITS = {files: 50_000, bytes: 1024 ** 3}
const CHUNK_BYTES = 256 * 1024

/**
 * Packs a folder into a gzipped tar whose bytes depend on the content only, and names it by their digest.
 * MANIFEST_INVALID for what cannot be packed, CONFLICT when a file changes while it is read. Nothing is left behind
 * when it fails or is aborted.
 */
export async function packSource(dir: string, options: PackOptions): Promise<PackedSource> {
  throwIfAborted(options.signal)
  await ensurePrivateDir(options.into)
  const file = join(options.into, `${randomUUID()}.tgz`)
  const dispose = () => rm(file, {force: true})
  const count = {files: 0, bytes: 0}
  const leftOut: LeftOut[] = []
  const hash = createHash('sha256')
  try {
    await pipeline(
      Readable.from(archive(dir, {...options, count, onLeftOut: (left) => leftOut.push(left)})),
      createGzip(),
      hashing(hash),
      createWriteStream(file, {mode: 0o600, flags: 'wx'}),
      options.signal === undefined ? {} : {signal: options.signal},
    )
    const {size} = await stat(file)
    const digest = `sha256:${hash.digest('hex')}`
    return {digest, file, sizeBytes: size, files: count.files, leftOut, [Symbol.asyncDispose]: dispose}
  } catch (error) {
    await dispose()
    throwIfAborted(isAbort(error) ? options.signal : undefined)
    if (isWriteFailure(error, file)) {
      throw new OmniError('IO', `cannot write '${options.into}': ${reasonOf(error)}`, {cause: error})
    }
    throw readFailure(dir, error)
  }
}

/** Of the archive itself; the sources are only read. */
const isWriteFailure = (error: unknown, file: string): boolean =>
  error instanceof Error &&
  (('syscall' in error && error.syscall === 'write') || ('path' in error && error.path === file))

interface ArchiveOptions extends PackOptions {
  readonly count: {files: number; bytes: number}
  readonly onLeftOut: (left: LeftOut) => void
}

async function* archive(dir: string, options: ArchiveOptions): AsyncGenerator<Buffer> {
  const {count} = options
  const limits = options.limits ?? LIMITS
  const walked = walk(dir, {signal: options.signal, rebuilds: options.rebuilds ?? false, onLeftOut: options.onLeftOut})
  for await (const entry of walked) {
    if (entry.type === 'file') {
      count.files++
      count.bytes += Number(entry.stats.size)
      if (count.files > limits.files || count.bytes > limits.bytes) throw tooLarge(entry.path, limits)
    }
    options.onEntry?.(entry.path, count.files)
    yield* entryBytes(dir, entry)
  }
  for (const [path, content] of Object.entries(options.extraFiles ?? {})) {
    yield entryHeader({type: 'file', path, executable: false, sizeBytes: content.length})
    yield content
    yield padding(content.length)
  }
  yield trailer()
}

async function* entryBytes(dir: string, entry: WalkEntry): AsyncGenerator<Buffer> {
  if (entry.type !== 'file') {
    yield entryHeader(entry)
    return
  }
  const sizeBytes = Number(entry.stats.size)
  yield entryHeader({type: 'file', path: entry.path, executable: (entry.stats.mode & 0o100n) !== 0n, sizeBytes})
  yield* fileBytes(join(dir, entry.path), entry.path, entry.stats)
  yield padding(sizeBytes)
}

/** Content of a file that is still the one that was listed, before and after reading it. */
async function* fileBytes(file: string, path: string, listed: BigIntStats): AsyncGenerator<Buffer> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error) => {
    throw readFailure(path, error)
  })
  try {
    if (!isSame(listed, await handle.stat({bigint: true}))) throw changed(path)
    let left = Number(listed.size)
    while (left > 0) {
      const {bytesRead, buffer} = await handle.read(Buffer.allocUnsafe(Math.min(left, CHUNK_BYTES)))
      if (bytesRead === 0) throw changed(path)
      left -= bytesRead
      yield buffer.subarray(0, bytesRead)
    }
    if (!isSame(listed, await handle.stat({bigint: true}))) throw changed(path)
  } finally {
    await handle.close()
  }
}

const isSame = (a: BigIntStats, b: BigIntStats): boolean =>
  a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtimeNs === b.mtimeNs

const changed = (path: string): OmniError =>
  new OmniError('CONFLICT', `'${path}' changed while it was packed`, {hint: 'omni up', retryable: true})

const tooLarge = (path: string, limits: {readonly files: number; readonly bytes: number}): OmniError =>
  new OmniError(
    'MANIFEST_INVALID',
    `the folder is too large to pack: more than ${limits.files} files or ${formatBytes(limits.bytes)}, reached at '${path}'`,
    {hint: 'list what the program does not need in .omniignore'},
  )

const hashing = (hash: Hash): Transform =>
  new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
