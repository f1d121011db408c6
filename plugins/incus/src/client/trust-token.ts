import {createHash} from 'node:crypto'
import {type DriverContext, type Http, type HttpTarget, OmniError} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusSettings} from '../config.ts'
import {failureOfAnswer, readEnvelope, readWire} from './answer.ts'
import {readIfThere} from './remotes.ts'
import {serverWire} from './wire.ts'

/** What `incus config trust add` prints, read. */
export interface TrustToken {
  readonly text: string
  /** Tells tokens apart without being one. */
  readonly id: string
  /** Of the server's certificate. */
  readonly fingerprint: string
  readonly expiresAt?: Date | undefined
}

const tokenWire = z.object({
  fingerprint: z.string().check(z.minLength(1)),
  secret: z.string().check(z.minLength(1)),
  expires_at: z.optional(z.string()),
})
export const NEW_TOKEN = 'make a new one on the server: incus config trust add omni'

/** Undefined when there is nothing at that place: one that was used may be taken away. CONFIG_INVALID for something else. */
export async function readTrustToken(
  place: IncusSettings['trust'],
  env: DriverContext['env'],
): Promise<TrustToken | undefined> {
  const {env: variable, file} = place ?? {}
  const found = variable !== undefined ? env[variable] : file === undefined ? undefined : await readIfThere(file)
  const text = found?.trim() ?? ''
  if (text === '') return undefined
  const token = parseTrustToken(text)
  if (token !== undefined) return token
  const shown = variable === undefined ? `'${file}'` : `$${variable}`
  throw new OmniError('CONFIG_INVALID', `what stands in ${shown} is no trust token`, {hint: NEW_TOKEN})
}

export function parseTrustToken(text: string): TrustToken | undefined {
  try {
    const {fingerprint, expires_at} = tokenWire.parse(JSON.parse(Buffer.from(text, 'base64').toString('utf8')))
    const expiresAt = new Date(expires_at ?? Number.NaN)
    // The year 1 stands for never.
    const isLimited = expiresAt.getUTCFullYear() > 1
    const id = createHash('sha256').update(text).digest('hex').slice(0, 16)
    return {text, id, fingerprint, expiresAt: isLimited ? expiresAt : undefined}
  } catch {
    return undefined
  }
}

/** Makes the server trust our certificate. Does nothing when it does already. */
export async function redeemToken(http: Http, target: HttpTarget, token: TrustToken): Promise<void> {
  const asked = await http.request(target, {method: 'GET', path: '/1.0'})
  const {auth} = readWire(serverWire, readEnvelope(asked.status, asked.text).metadata, '')
  if (auth === 'trusted') return
  if (token.expiresAt !== undefined && token.expiresAt.getTime() < Date.now()) {
    const when = token.expiresAt.toISOString()
    throw new OmniError('UNAUTHORIZED', `the trust token for ${target.url} expired at ${when}`, {hint: NEW_TOKEN})
  }
  const json = {type: 'client', trust_token: token.text}
  const {status, text} = await http.request(target, {method: 'POST', path: '/1.0/certificates', json})
  if (status < 400) return
  if (status === 403) {
    throw new OmniError('UNAUTHORIZED', `${target.url} does not accept the trust token: it was used or taken back`, {
      hint: NEW_TOKEN,
    })
  }
  throw failureOfAnswer(status, text)
}
