import {generateKeyPairSync, X509Certificate} from 'node:crypto'
import {sleep} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {AccountKey} from './account-key.ts'
import type {AcmeAnswer, AcmeClient} from './acme-client.ts'
import {AcmeError, problemOf} from './acme-error.ts'
import {certificateRequest} from './certificate-request.ts'

export interface ObtainOptions {
  readonly client: AcmeClient
  readonly key: AccountKey
  /** Resolves when the answer is served under the token; undefined takes it away. */
  readonly answer: (token: string, text: string | undefined) => Promise<void>
  readonly signal: AbortSignal
}

const order = z.object({
  status: z.string(),
  authorizations: z.array(z.string()),
  finalize: z.string(),
  certificate: z.optional(z.string()),
  error: z.optional(z.unknown()),
})

const authorization = z.object({
  status: z.string(),
  identifier: z.object({type: z.string(), value: z.string()}),
  challenges: z.array(
    z.object({
      type: z.string(),
      url: z.string(),
      token: z.optional(z.string().check(z.regex(/^[A-Za-z0-9_-]{1,200}$/))),
      error: z.optional(z.unknown()),
    }),
  ),
})
type Authorization = z.infer<typeof authorization>

const FIRST_PAUSE_MS = 250
const LAST_PAUSE_MS = 10_000
/** Servers look from several places, one after the other. */
const MAX_WAIT_MS = 180_000

/**
 * A certificate for one host name, proven by http-01: its chain and its new key as one PEM text.
 * AcmeError with the server's reason; UNAVAILABLE, TIMEOUT; ABORTED.
 */
export async function obtainCertificate(host: string, options: ObtainOptions): Promise<string> {
  const {client, signal} = options
  const created = await client.newOrder(host, signal)
  const {authorizations, finalize} = parsed(order, created.value)
  if (created.location === undefined) throw new AcmeError('', 'the ACME server names no order')
  for (const url of authorizations) await prove(url, host, options)
  await settle(created.location, isReady, options)
  const {privateKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'})
  const csr = certificateRequest(privateKey, [host]).toString('base64url')
  await client.send(finalize, {csr}, signal)
  const {certificate} = await settle(created.location, isIssued, options)
  if (certificate === undefined) throw new AcmeError('', 'the ACME server names no certificate')
  const chain = (await client.read(certificate, signal)).text
  const leaf = new X509Certificate(chain)
  if (!leaf.checkPrivateKey(privateKey) || leaf.checkHost(host) === undefined) {
    throw new AcmeError('', `the ACME server sent a certificate that is not for ${host}`)
  }
  return `${chain.trimEnd()}\n${String(privateKey.export({type: 'pkcs8', format: 'pem'}))}`
}

async function prove(url: string, host: string, options: ObtainOptions): Promise<void> {
  const {client, key, answer, signal} = options
  const asked = parsed(authorization, (await client.read(url, signal)).value)
  if (asked.status === 'valid') return
  if (asked.identifier.value !== host) throw new AcmeError('', `the ACME server asks about ${asked.identifier.value}`)
  const challenge = asked.challenges.find(({type}) => type === 'http-01')
  if (challenge?.token === undefined) throw new AcmeError('', 'the ACME server offers no http-01 challenge')
  const {token} = challenge
  try {
    await answer(token, key.authorize(token))
    await client.send(challenge.url, {}, signal)
    await waitUntil(async () => {
      const found = await client.read(url, signal)
      const now = parsed(authorization, found.value)
      if (now.status === 'pending' || now.status === 'processing') return found
      if (now.status === 'valid') return true
      throw refusalOf(now)
    }, signal)
  } finally {
    await answer(token, undefined).catch(() => undefined)
  }
}

function refusalOf({status, challenges}: Authorization): AcmeError {
  const reason = challenges.find(({error}) => error !== undefined)?.error
  return new AcmeError(...problemOf(reason, `the challenge is ${status}`))
}

const isReady = (status: string): boolean => status === 'ready' || status === 'valid'
const isIssued = (status: string): boolean => status === 'valid'

/** The order as soon as it has got so far. */
async function settle(url: string, isFar: (status: string) => boolean, {client, signal}: ObtainOptions) {
  let last: z.infer<typeof order> | undefined
  await waitUntil(async () => {
    const found = await client.read(url, signal)
    last = parsed(order, found.value)
    if (last.status === 'invalid') throw new AcmeError(...problemOf(last.error, 'the order is invalid'))
    return isFar(last.status) ? true : found
  }, signal)
  return last ?? parsed(order, undefined)
}

/** Asks again at the server's pace, else ever more slowly. AcmeError when it takes too long. */
async function waitUntil(probe: () => Promise<true | AcmeAnswer>, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + MAX_WAIT_MS
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
    const found = await probe()
    if (found === true) return
    if (performance.now() > deadline) throw new AcmeError('', 'the ACME server takes too long')
    await sleep(Math.min(Math.max(found.retryAfterMs ?? 0, pauseMs), LAST_PAUSE_MS), signal)
  }
}

function parsed<T extends z.ZodMiniType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new AcmeError('', 'the ACME server sent something that is not understood')
}
