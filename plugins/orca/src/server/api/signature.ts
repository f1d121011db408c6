import {webcrypto} from 'node:crypto'
import type {Webhook} from '../store/webhooks.ts'

const HMAC = {name: 'HMAC', hash: 'SHA-256'}

/**
 * Webhooks whose secret has signed the body: `sha256=<hex>` over the raw bytes, compared in constant time. All are tried, so
 * that the time tells nothing. The work is done beside the main thread: anybody may send large bodies, and all else goes on.
 */
export async function signedBy(
  webhooks: readonly Webhook[],
  body: Buffer,
  signature: string | undefined,
): Promise<Webhook[]> {
  const hex = /^sha256=([0-9a-fA-F]{64})$/.exec(signature ?? '')?.[1]
  if (hex === undefined) return []
  const wanted = Buffer.from(hex, 'hex')
  const signers = new Set<string>()
  // An empty secret signs nothing.
  for (const secret of new Set(webhooks.map((webhook) => webhook.secret).filter((secret) => secret !== ''))) {
    const key = await webcrypto.subtle.importKey('raw', Buffer.from(secret), HMAC, false, ['verify'])
    if (await webcrypto.subtle.verify('HMAC', key, wanted, body)) signers.add(secret)
  }
  return webhooks.filter(({secret}) => signers.has(secret))
}
