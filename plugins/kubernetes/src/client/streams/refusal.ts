import type {IncomingHttpHeaders, IncomingMessage} from 'node:http'
import type {OmniError} from '@omni-cli/sdk'
import {statusFailure} from '../status-failure.ts'

/** More of an error's text is of no use. */
const TEXT_LIMIT = 65_536

/** The server did not open a stream. */
export interface Refusal {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export async function readRefusal(answer: IncomingMessage): Promise<Refusal> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer) {
    chunks.push(chunk)
    size += chunk.length
    if (size > TEXT_LIMIT) break
  }
  const {statusCode: status = 0, headers} = answer
  return {status, headers, text: Buffer.concat(chunks).toString('utf8')}
}

export const refusalError = ({status, text}: Pick<Refusal, 'status' | 'text'>, path: string): OmniError =>
  statusFailure({method: 'GET', path}, status, text)
