import {randomBytes} from 'node:crypto'
import {Readable} from 'node:stream'
import {type CallOptions, type ExportFacet, throwIfAborted} from '@omni-cli/sdk'
import type {ByteAnswer, IncusClient, IncusRequest} from '../client/client.ts'
import {importInstance} from './export-import.ts'
import {type Part, resumed} from './export-resume.ts'

/** Incus removes a backup by itself then, should nobody else have done so. */
const KEPT_MS = 24 * 60 * 60_000

/** Machines as the backup files of Incus, with their snapshots. */
export function createExport(client: IncusClient): ExportFacet {
  return {
    extension: '.tar.gz',
    async read(name, options = {}) {
      const backup = `omni-${randomBytes(6).toString('hex')}`
      const path = `/instances/${encodeURIComponent(name)}/backups`
      const remove = once(() => removeBackup(client, `${path}/${backup}`))
      try {
        options.onProgress?.('packing on the server')
        const json = {name: backup, compression_algorithm: 'gzip', expires_at: new Date(Date.now() + KEPT_MS)}
        await client.operate({method: 'POST', path, json}, options)
        const file: IncusRequest = {method: 'GET', path: `${path}/${backup}/export`}
        const first = partOf(await client.download(file, options))
        const rest = async (offset: number) => partFrom(client, file, offset, options)
        return {body: streamOf(resumed(first, rest, options), remove), sizeBytes: first.totalBytes}
      } catch (error) {
        await remove()
        throw error
      }
    },
    write: (name, body, options) => importInstance(client, {name, body}, options),
  }
}

/** Ends only when the server has removed its copy, and removes it too when nobody reads to the end. */
function streamOf(chunks: AsyncGenerator<Buffer>, remove: () => Promise<void>): Readable {
  const all = async function* () {
    try {
      yield* chunks
    } finally {
      await remove()
    }
  }
  const stream = Readable.from(all(), {objectMode: false, highWaterMark: 1024 * 1024})
  stream.once('close', () => void remove())
  return stream
}

async function partFrom(client: IncusClient, file: IncusRequest, offset: number, options: CallOptions): Promise<Part> {
  throwIfAborted(options.signal)
  const answer = await client.download({...file, headers: {range: `bytes=${offset}-`}}, options)
  if (answer.headers['content-range'] !== undefined) return {...partOf(answer), totalBytes: undefined}
  return {body: skip(answer.body, offset), totalBytes: undefined}
}

/** A server without ranges starts again. */
async function* skip(body: AsyncIterable<Buffer>, offset: number): AsyncGenerator<Buffer> {
  let left = offset
  for await (const chunk of body) {
    if (left < chunk.length) yield chunk.subarray(left)
    left = Math.max(0, left - chunk.length)
  }
}

function partOf({headers, body}: ByteAnswer): Part {
  const length = Number(headers['content-length'])
  return {body, totalBytes: Number.isSafeInteger(length) ? length : undefined}
}

/** Best effort, and whatever was aborted: one that stays expires. */
async function removeBackup(client: IncusClient, path: string): Promise<void> {
  await client.operate({method: 'DELETE', path}).catch(() => undefined)
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}
