import {createHash} from 'node:crypto'
import {createReadStream} from 'node:fs'
import {readFile} from 'node:fs/promises'
import {OmniError, reasonOf} from '@omni-cli/sdk'

const PIECE_BYTES = 1024 * 1024

/** The file beside an archive that holds its SHA-256, as `sha256sum` writes and checks it. */
export const checksumFile = (file: string): string => `${file}.sha256`

export const checksumLine = (digest: string, name: string): string => `${digest}  ${name}\n`

/** The digest that the file beside it holds; undefined when there is none. IO for one without a digest. */
export async function readChecksum(file: string): Promise<string | undefined> {
  const beside = checksumFile(file)
  const text = await readFile(beside, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new OmniError('IO', `cannot read '${beside}': ${reasonOf(error)}`, {cause: error})
  })
  if (text === undefined) return undefined
  const digest = /^([0-9a-f]{64})\b/i.exec(text)?.[1]
  if (digest === undefined) throw new OmniError('IO', `'${beside}' holds no SHA-256`, {hint: `remove '${beside}'`})
  return digest.toLowerCase()
}

export async function digestOf(file: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(file, {highWaterMark: PIECE_BYTES, signal})) hash.update(piece)
  return hash.digest('hex')
}
