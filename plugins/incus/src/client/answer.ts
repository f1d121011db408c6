import {OmniError} from '@omni-cli/sdk'
import type {z} from 'zod'
import {failureOf} from './failure.ts'
import {envelopeWire} from './wire.ts'

export type Envelope = z.output<typeof envelopeWire>

/** The envelope of an answer. An error is thrown, however the answer tells it: by HTTP status or by its body. */
export function readEnvelope(status: number, text: string): Envelope {
  const envelope = envelopeOf(text)
  if (envelope === undefined) {
    if (status >= 400) throw failureOf({status, text: text.slice(0, 2_000)})
    throw new OmniError('UNAVAILABLE', `the server's answer is none of Incus (HTTP ${status})`, {
      hint: 'check the address of the server: omni provider check incus',
    })
  }
  if (status < 400 && envelope.type !== 'error') return envelope
  throw failureOf({status: status >= 400 ? status : envelope.error_code, text: envelope.error})
}

/** What an answer is about, checked. */
export function readWire<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new OmniError('UNAVAILABLE', `the answer of Incus to ${path} cannot be read: ${issue?.message ?? ''}`, {
    hint: 'Incus 6.0 or later is needed: omni provider check incus',
    details: {path: issue?.path.map(String).join('.')},
  })
}

function envelopeOf(text: string): Envelope | undefined {
  try {
    return envelopeWire.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
