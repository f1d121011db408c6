import {Worker} from 'node:worker_threads'
import {OmniError} from '@omni-cli/sdk'
import {HASH_PROGRAM} from './hash-program.ts'
import {chunksOf, type PlannedFile} from './plan.ts'

export interface HashEvents {
  /** What stands on the disk is not what was written. The chunk is not hashed before it is told to be ready again. */
  onBad(index: number): void
  /** The hash of the whole file; tells nothing more before `again`. */
  onDigest(digest: string): void
  onError(error: Error): void
}

/** The check of one file. */
export interface FileCheck {
  /** Chunks that are on the disk, with their checksums; null: it is not known. */
  ready(chunks: Iterable<readonly [index: number, checksum: number | null]>): void
  /** From the beginning, with the chunks that are ready. */
  again(): void
  close(): void
}

/** Hashes files while they are written, in a thread. */
export interface Hasher extends AsyncDisposable {
  open(path: string, file: PlannedFile, events: HashEvents): FileCheck
}

interface Told {
  readonly id: number
  readonly bad?: number
  readonly digest?: string
  readonly error?: string
}

export function startHasher(): Hasher {
  const worker = new Worker(HASH_PROGRAM, {eval: true})
  const events = new Map<number, HashEvents>()
  let nextId = 0
  worker.on('message', (told: Told) => tell(events.get(told.id), told))
  worker.on('error', (error) => {
    for (const one of events.values()) one.onError(error)
  })
  return {
    open(path, file, listener) {
      const id = nextId++
      events.set(id, listener)
      const {size, hash, chunkBytes} = file
      const isGit = hash.algorithm === 'git-sha1'
      const algorithm = isGit ? 'sha1' : 'sha256'
      const prefix = isGit ? `blob ${size}\0` : ''
      worker.postMessage({
        act: 'open',
        id,
        path,
        size,
        algorithm,
        prefix,
        chunks: chunksOf(file),
        chunkBytes,
      })
      return {
        ready: (chunks) => worker.postMessage({act: 'ready', id, chunks: [...chunks]}),
        again: () => worker.postMessage({act: 'again', id}),
        close() {
          events.delete(id)
          worker.postMessage({act: 'close', id})
        },
      }
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate()
    },
  }
}

function tell(listener: HashEvents | undefined, {bad, digest, error}: Told): void {
  if (error !== undefined) listener?.onError(new OmniError('IO', `cannot check what was written: ${error}`))
  if (bad !== undefined) listener?.onBad(bad)
  if (digest !== undefined) listener?.onDigest(digest)
}
