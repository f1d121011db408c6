import {once} from 'node:events'
import {createReadStream} from 'node:fs'
import {createGunzip} from 'node:zlib'
import {formatBytes, isAbort, isOmniError, messageOf, OmniError, throwIfAborted} from '@omni-cli/sdk'
import {entryProblem} from './entry-rule.ts'

export interface UnpackLimits {
  readonly entries: number
  readonly bytes: number
}

const UNPACK_LIMITS: UnpackLimits = {entries: 200_000, bytes: 4 * 1024 ** 3}

export interface UnpackOptions {
  readonly signal?: AbortSignal | undefined
  readonly limits?: UnpackLimits | undefined
}

/**
 * Unpacks a gzipped tar into the empty folder. MANIFEST_INVALID for what is no such archive, is too big, or holds
 * anything but files, folders and links that stay inside; the folder is then half full and of no use.
 */
export async function unpack(archive: string, folder: string, options: UnpackOptions = {}): Promise<void> {
  const {signal, limits = UNPACK_LIMITS} = options
  throwIfAborted(signal)
  const {Unpack} = await import('tar')
  const guard = new ArchiveGuard(limits)
  const target = new Unpack({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    noMtime: false,
    filter: (path, entry) => guard.admit(path, entry),
  })
  const closed = once(target, 'close')
  closed.catch(() => undefined)
  const source = createReadStream(archive, {signal})
  const plain = source.pipe(createGunzip())
  source.on('error', (error) => plain.destroy(error))
  try {
    for await (const chunk of plain as AsyncIterable<Buffer>) {
      guard.count(chunk.length)
      // A failed write to the folder comes as an error of the target, while we wait for its drain.
      if (!target.write(chunk)) await Promise.race([once(target, 'drain'), closed])
      guard.check()
    }
    target.end()
    await closed
    guard.check()
  } catch (error) {
    throw translate(error, archive, signal)
  } finally {
    source.destroy()
    plain.destroy()
  }
}

/** Watches what comes out of an archive. */
class ArchiveGuard {
  readonly #limits: UnpackLimits
  #entries = 0
  #entryBytes = 0
  #streamBytes = 0
  #problem: string | undefined

  constructor(limits: UnpackLimits) {
    this.#limits = limits
  }

  /** False for an entry that must not be unpacked; `check` then throws. */
  admit(path: string, entry: object): boolean {
    const {type, linkpath, size} = entry as {type?: string; linkpath?: string; size?: number}
    this.#entryBytes += size ?? 0
    this.#problem ??=
      ++this.#entries > this.#limits.entries
        ? `it has more than ${this.#limits.entries} entries`
        : this.#entryBytes > this.#limits.bytes
          ? `it unpacks to more than ${formatBytes(this.#limits.bytes)}`
          : entryProblem({path, type: type ?? '', linkpath})
    // Neither a program that runs as its owner nor a file that its owner cannot clean up.
    if ('mode' in entry && typeof entry.mode === 'number') {
      entry.mode = (entry.mode & 0o777) | (type === 'Directory' ? 0o700 : 0o600)
    }
    return this.#problem === undefined
  }

  /** Bytes of the archive itself; entries are small in a bomb of headers or padding. */
  count(bytes: number): void {
    this.#streamBytes += bytes
    if (this.#streamBytes > this.#limits.bytes + this.#limits.entries * 2048) {
      this.#problem ??= `it unpacks to more than ${formatBytes(this.#limits.bytes)}`
    }
    this.check()
  }

  check(): void {
    if (this.#problem !== undefined) throw refused(this.#problem)
  }
}

const refused = (why: string, cause?: unknown): OmniError =>
  new OmniError('MANIFEST_INVALID', `the source archive is refused: ${why}`, {cause})

const DISK_CODES = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EMFILE', 'ENOENT'])

function translate(error: unknown, archive: string, signal: AbortSignal | undefined): unknown {
  throwIfAborted(signal)
  if (isOmniError(error) || isAbort(error)) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (DISK_CODES.has(code))
    return new OmniError('IO', `cannot unpack '${archive}': ${messageOf(error)}`, {cause: error})
  return refused(`it is no gzipped tar, or it is damaged (${messageOf(error)})`, error)
}
