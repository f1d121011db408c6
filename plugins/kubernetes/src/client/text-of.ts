import type {IncomingMessage} from 'node:http'
import {OmniError} from '@omni-cli/sdk'

/** Of an answer that is read as a whole; the largest answers are lists of definitions. */
const MAX_BYTES = 512 * 1024 * 1024

/** The body as text, unpacked. */
export async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer) {
    size += chunk.length
    if (size > MAX_BYTES) throw new OmniError('IO', 'the API server sent an answer of more than 512 MiB')
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  if (answer.headers['content-encoding'] !== 'gzip') return body.toString('utf8')
  const {gunzipSync} = process.getBuiltinModule('node:zlib')
  return gunzipSync(body, {maxOutputLength: MAX_BYTES}).toString('utf8')
}
