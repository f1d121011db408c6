import {OmniError} from '@omni-cli/sdk'
import type * as z from 'zod/mini'
import {failureOf} from './failure.ts'
import {envelopeWire} from './wire.ts'

export type Envelope = z.output<typeof envelopeWire>

/** The envelope of an answer. An error is thrown, however the answer tells it: by HTTP status or by its body. */
export function readEnvelope(status: number, text: string): Envelope {
  const envelope = envelopeOf(text)
  if (envelope === undefined || status >= 400 || envelope.type === 'error') throw failureOfAnswer(status, text)
  return envelope
}

/** What an answer that is no success says; also of one that is none of Incus. */
export function failureOfAnswer(status: number, text: string): OmniError {
  const envelope = envelopeOf(text)
  if (envelope?.type === 'error')
    return failureOf({status: status >= 400 ? status : envelope.error_code, text: envelope.error})
  if (status >= 400) return failureOf({status, text: envelope === undefined ? text.slice(0, 2_000) : ''})
  return new OmniError('UNAVAILABLE', `the server's answer is none of Incus (HTTP ${status})`, {
    hint: 'check the address of the server: omni provider check incus',
  })
}

/** The text of an answer that is an error; of a very long one its beginning. */
export async function readFailure(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    size += chunk.length
    if (size > 1024 * 1024) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** What an answer is about, checked. */
export function readWire<T>(schema: z.ZodMiniType<T>, value: unknown, path: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new OmniError(
    'UNAVAILABLE',
    `the answer of Incus to ${path || '/1.0'} cannot be read: ${issue?.message ?? ''}`,
    {
      hint: 'Incus 6.0 or later is needed: omni provider check incus',
      details: {path: issue?.path.map(String).join('.')},
    },
  )
}

function envelopeOf(text: string): Envelope | undefined {
  try {
    return envelopeWire.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
