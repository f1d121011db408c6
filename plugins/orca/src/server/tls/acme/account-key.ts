import {createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign} from 'node:crypto'
import * as z from 'zod/mini'

/** The key that an ACME server knows an account by. */
export interface AccountKey {
  readonly pem: string
  readonly jwk: PublicJwk
  /** What answers a challenge (RFC 8555, 8.1). */
  authorize(token: string): string
  /** A signed message (RFC 7515); `payload` undefined = an empty one, which asks for something. */
  seal(header: Readonly<Record<string, unknown>>, payload: unknown): string
}

const publicJwk = z.object({kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string()})
type PublicJwk = z.infer<typeof publicJwk>

export const newAccountKey = (): AccountKey => accountKey(generateKeyPairSync('ec', {namedCurve: 'P-256'}).privateKey)

/** From its PEM; throws when that is no P-256 key. */
export const readAccountKey = (pem: string): AccountKey => accountKey(createPrivateKey(pem))

function accountKey(key: KeyObject): AccountKey {
  const jwk = publicJwk.parse(createPublicKey(key).export({format: 'jwk'}))
  // The members in this order and nothing else (RFC 7638).
  const {crv, kty, x, y} = jwk
  const thumbprint = createHash('sha256').update(JSON.stringify({crv, kty, x, y})).digest('base64url')
  return {
    pem: String(key.export({type: 'pkcs8', format: 'pem'})),
    jwk,
    authorize: (token) => `${token}.${thumbprint}`,
    seal(header, payload) {
      const head = encode({alg: 'ES256', ...header})
      const body = payload === undefined ? '' : encode(payload)
      const signature = sign('sha256', Buffer.from(`${head}.${body}`), {key, dsaEncoding: 'ieee-p1363'})
      return JSON.stringify({protected: head, payload: body, signature: signature.toString('base64url')})
    },
  }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
