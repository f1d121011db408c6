import {createHttp, type HttpAnswer, type Logger, OmniError} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {AccountKey} from './account-key.ts'
import {AcmeError, acmeErrorOf, parseJson, retryAfterMs} from './acme-error.ts'

export interface AcmeClientOptions {
  /** Address of the directory. */
  readonly directory: string
  readonly email: string
  readonly key: AccountKey
  /** PEM of the authority that the server's own certificate is from, when no system knows it. */
  readonly ca: string | undefined
  readonly log: Logger
}

export interface AcmeAnswer {
  readonly value: unknown
  readonly text: string
  /** Of what was created. */
  readonly location: string | undefined
  /** When to ask again. */
  readonly retryAfterMs: number | undefined
}

/** An ACME server (RFC 8555), asked in the name of one account, which is made on the first call. */
export interface AcmeClient {
  newOrder(host: string, signal: AbortSignal): Promise<AcmeAnswer>
  /** What stands at the address now. */
  read(url: string, signal: AbortSignal): Promise<AcmeAnswer>
  send(url: string, payload: unknown, signal: AbortSignal): Promise<AcmeAnswer>
}

const directorySchema = z.object({newNonce: z.string(), newAccount: z.string(), newOrder: z.string()})
type Directory = z.infer<typeof directorySchema>

/** A nonce is refused when it is old; a fresh one is at hand then. */
const MAX_ATTEMPTS = 4

/** Calls reject with AcmeError for what the server refuses, UNAVAILABLE or TIMEOUT when it cannot be reached. */
export function createAcmeClient({directory, email, key, ca, log}: AcmeClientOptions): AcmeClient {
  const http = createHttp({log, attempts: 1})
  const nonces: string[] = []
  let account: Promise<{readonly kid: string; readonly urls: Directory}> | undefined

  const call = async (method: 'GET' | 'HEAD' | 'POST', url: string, signal: AbortSignal, body?: string) => {
    const {origin, pathname, search} = secureUrl(url)
    const headers = body === undefined ? {} : {'content-type': 'application/jose+json'}
    const target = {url: origin, ...(ca === undefined ? {} : {tls: {ca}})}
    const content = body === undefined ? {} : {body: Buffer.from(body)}
    const answer = await http.request(target, {method, path: pathname + search, headers, ...content}, {signal})
    const nonce = answer.headers['replay-nonce']
    if (typeof nonce === 'string') nonces.push(nonce)
    return answer
  }
  const takeNonce = async (urls: Pick<Directory, 'newNonce'>, signal: AbortSignal): Promise<string> => {
    // Of many at once each must get one of its own; the youngest is the best.
    while (nonces.length === 0) {
      const {headers} = await call('HEAD', urls.newNonce, signal)
      if (typeof headers['replay-nonce'] !== 'string') throw new AcmeError('', 'the ACME server gives no nonce')
    }
    return nonces.pop() ?? ''
  }
  const post = async (url: string, payload: unknown, by: Signer, signal: AbortSignal): Promise<AcmeAnswer> => {
    for (let attempt = 1; ; attempt++) {
      const sealed = key.seal({...by.identity, nonce: await takeNonce(by.urls, signal), url}, payload)
      const answer = await call('POST', url, signal, sealed)
      if (answer.status < 400) return answerOf(answer)
      const error = acmeErrorOf(answer)
      if (error.type !== 'badNonce' || attempt === MAX_ATTEMPTS) throw error
    }
  }
  const openAccount = async (signal: AbortSignal) => {
    const urls = directorySchema.safeParse(parseJson((await call('GET', directory, signal)).text)).data
    if (urls === undefined) throw new AcmeError('', `there is no ACME server at ${directory}`)
    const wish = {termsOfServiceAgreed: true, contact: [`mailto:${email}`]}
    const {location} = await post(urls.newAccount, wish, {urls, identity: {jwk: key.jwk}}, signal)
    if (location === undefined) throw new AcmeError('', 'the ACME server names no account')
    return {kid: location, urls}
  }
  /** Calls at the same time share the account; one that cannot be made is tried again by the next call. */
  const withAccount = async (signal: AbortSignal): Promise<Signer> => {
    account ??= openAccount(signal).catch((error: unknown) => {
      account = undefined
      throw error
    })
    const {kid, urls} = await account
    return {urls, identity: {kid}}
  }
  return {
    async newOrder(host, signal) {
      const order = async () => {
        const by = await withAccount(signal)
        return post(by.urls.newOrder, {identifiers: [{type: 'dns', value: host}]}, by, signal)
      }
      return order().catch((error: unknown) => {
        if (!(error instanceof AcmeError) || error.type !== 'accountDoesNotExist') throw error
        account = undefined
        return order()
      })
    },
    read: async (url, signal) => post(url, undefined, await withAccount(signal), signal),
    send: async (url, payload, signal) => post(url, payload, await withAccount(signal), signal),
  }
}

interface Signer {
  readonly urls: Directory
  readonly identity: {readonly kid: string} | {readonly jwk: AccountKey['jwk']}
}

function answerOf(answer: HttpAnswer): AcmeAnswer {
  const {location} = answer.headers
  return {
    value: parseJson(answer.text),
    text: answer.text,
    location: typeof location === 'string' ? location : undefined,
    retryAfterMs: retryAfterMs(answer),
  }
}

function secureUrl(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol === 'https:') return url
  throw new OmniError('CONFIG_INVALID', `'${text}' is no https address of an ACME server`, {
    hint: 'OMNI_ACME_DIRECTORY=https://acme-v02.api.letsencrypt.org/directory omni server start',
  })
}
