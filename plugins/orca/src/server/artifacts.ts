import {createHash, randomBytes} from 'node:crypto'
import {mkdir, open, readdir, rename, rm, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {formatBytes, OmniError} from '@omni-cli/sdk'

export interface Artifacts {
  has(digest: string): Promise<boolean>
  /** CONFLICT when the bytes have another digest or are too many; nothing is kept then. */
  put(digest: string, content: AsyncIterable<Buffer>): Promise<void>
  /** File of an archive that is there. */
  find(digest: string): Promise<string | undefined>
  /** Removes archives that are not in use and older than an hour: a fresh one waits for its deploy. */
  prune(used: ReadonlySet<string>): Promise<void>
}

const MAX_BYTES = 2 * 1024 ** 3
const FRESH_MS = 3_600_000
const DIGEST = /^sha256:([0-9a-f]{64})$/

/** Source archives under their SHA-256. */
export function createArtifacts(folder: string, maxBytes = MAX_BYTES): Artifacts {
  const find = async (digest: string): Promise<string | undefined> => {
    const path = pathOf(folder, digest)
    return (await stat(path).catch(() => undefined))?.isFile() ? path : undefined
  }
  return {
    find,
    has: async (digest) => (await find(digest)) !== undefined,
    async put(digest, content) {
      const path = pathOf(folder, digest)
      await mkdir(folder, {recursive: true, mode: 0o700})
      const temporary = join(folder, `.${randomBytes(6).toString('hex')}.tmp`)
      try {
        const found = await receive(temporary, content, maxBytes)
        if (found !== digest) {
          throw new OmniError('CONFLICT', `the archive has the digest ${found}, not ${digest}`, {retryable: true})
        }
        await rename(temporary, path)
      } finally {
        await rm(temporary, {force: true})
      }
    },
    async prune(used) {
      const now = Date.now()
      for (const name of await readdir(folder).catch(() => [])) {
        const digest = `sha256:${name.replace(/\.tgz$/, '')}`
        const age = now - ((await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? now)
        if (!used.has(digest) && age > FRESH_MS) await rm(join(folder, name), {force: true})
      }
    },
  }
}

function pathOf(folder: string, digest: string): string {
  const hex = DIGEST.exec(digest)?.[1]
  if (hex === undefined) throw new OmniError('USAGE', `'${digest}' is no digest; it is sha256: and 64 hex digits`)
  return join(folder, `${hex}.tgz`)
}

/** Writes to the end and to the disk; the digest of what came. */
async function receive(path: string, content: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const hash = createHash('sha256')
  let size = 0
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const chunk of content) {
      size += chunk.length
      if (size > maxBytes) throw new OmniError('CONFLICT', `the archive is larger than ${formatBytes(maxBytes)}`)
      hash.update(chunk)
      await file.writeFile(chunk)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return `sha256:${hash.digest('hex')}`
}
