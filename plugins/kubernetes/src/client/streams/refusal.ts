import type {IncomingMessage} from 'node:http'
import {type ErrorCode, OmniError} from '@omni-cli/sdk'

/** More of an error's text is of no use. */
const TEXT_LIMIT = 65_536

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'CONFLICT',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  422: 'INVALID',
}

/** The server did not open a stream. */
export interface Refusal {
  readonly status: number
  readonly message: string
}

export async function readRefusal(answer: IncomingMessage): Promise<Refusal> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer) {
    chunks.push(chunk)
    size += chunk.length
    if (size > TEXT_LIMIT) break
  }
  return {status: answer.statusCode ?? 0, message: messageIn(Buffer.concat(chunks).toString('utf8'))}
}

export const refusalError = ({status, message}: Refusal, what: string): OmniError =>
  new OmniError(CODES[status] ?? 'UNAVAILABLE', `${what}: ${message || `HTTP ${status}`}`)

/** The message of a Status, else the text. */
function messageIn(text: string): string {
  try {
    const status: unknown = JSON.parse(text)
    if (typeof status === 'object' && status !== null && 'message' in status && typeof status.message === 'string') {
      return status.message
    }
  } catch {
    // It is no JSON: proxies answer with text.
  }
  return text.trim()
}
