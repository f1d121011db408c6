import {constants} from 'node:fs'
import {open} from 'node:fs/promises'
import {dirname, resolve} from 'node:path'
import {reasonOf} from '../../io/files.ts'
import {formatBytes} from '../../units.ts'
import type {FoundProblem} from './problem.ts'
import {createSource, problemAt, type Source} from './tree.ts'

/** Largest file that is read. */
export const MAX_BYTES = 4 * 1024 * 1024

/** Largest file that is read when Kubernetes objects are in it; one object may have 1.5 MB. */
const MAX_OBJECT_BYTES = 16 * 1024 * 1024

/** A file of plans or of Kubernetes objects, which may be larger. */
export async function readManifest(file: string, signal?: AbortSignal): Promise<Source | FoundProblem> {
  const source = await readSource(file, signal, MAX_OBJECT_BYTES)
  return isProblem(source) || isSmallEnough(source.text) ? source : tooLarge(file, source.text.length)
}

const isSmallEnough = (text: string) => text.length <= MAX_BYTES || text.includes('apiVersion')

/** The text of the file, or why it is refused; nothing is read of what is no regular file or too large. */
export async function readSource(
  file: string,
  signal?: AbortSignal,
  maxBytes = MAX_BYTES,
): Promise<Source | FoundProblem> {
  const path = resolve(file)
  try {
    // Without O_NONBLOCK, opening a FIFO waits for a writer.
    await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await handle.stat()
    if (stats.isDirectory()) return refused(file, 'it is a folder, a file is needed')
    if (!stats.isFile()) return refused(file, 'it is no regular file', 'write - to read standard input')
    if (stats.size > maxBytes) return tooLarge(file, stats.size, maxBytes)
    const content = Buffer.alloc(stats.size + 1)
    let length = 0
    while (length < content.length) {
      signal?.throwIfAborted()
      const {bytesRead} = await handle.read(content, length, content.length - length, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return sourceOf(file, dirname(path), content.subarray(0, length))
  } catch (error) {
    if (signal?.aborted === true) throw error
    return refused(file, isMissing(error) ? 'there is no such file' : reasonOf(error))
  }
}

/** All of a stream, as if it were a file of the current folder. */
export async function readStream(
  stream: AsyncIterable<Buffer | string>,
  folder: string,
): Promise<Source | FoundProblem> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > MAX_OBJECT_BYTES) return tooLarge('-', length, MAX_OBJECT_BYTES)
    chunks.push(bytes)
  }
  const source = sourceOf('-', folder, Buffer.concat(chunks))
  return isProblem(source) || isSmallEnough(source.text) ? source : tooLarge('-', length)
}

export const isProblem = (value: Source | FoundProblem): value is FoundProblem => 'message' in value

export const refused = (file: string, message: string, hint?: string): FoundProblem => ({
  file,
  line: 1,
  column: 1,
  message,
  ...(hint === undefined ? {} : {hint}),
})

const tooLarge = (file: string, size: number, maxBytes = MAX_BYTES) =>
  refused(
    file,
    `it has ${size >= maxBytes * 2 ? size : `more than ${maxBytes}`} bytes; at most ${formatBytes(maxBytes).replace('Mi', ' MiB')} are read`,
  )

const isMissing = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT'

function sourceOf(file: string, folder: string, content: Buffer): Source | FoundProblem {
  const source = createSource(file, folder, decode(content))
  const nul = source.text.indexOf('\0')
  if (nul !== -1) return {...problemAt(source, nul, {message: 'there is a NUL byte; this is no text file'})}
  const broken = source.text.indexOf('\ufffd')
  // U+FFFD may also be written as such.
  if (broken !== -1 && !isUtf8(content)) return problemAt(source, broken, {message: 'this is not UTF-8 text'})
  if (source.text.trim() === '') return refused(file, 'the file is empty')
  return source
}

/** Drops a byte order mark. */
const decode = (content: Buffer) => new TextDecoder('utf-8').decode(content)

function isUtf8(content: Buffer): boolean {
  try {
    new TextDecoder('utf-8', {fatal: true}).decode(content)
    return true
  } catch {
    return false
  }
}
