import {type Http, isAbort, isOmniError, OmniError, sleep} from '@omni-cli/sdk'
import {type AnswerHead, type Asked, headerOf, hubError, limited, pauseMs} from './errors.ts'
import type {HubTarget} from './settings.ts'

export interface HubRequest {
  readonly method?: 'GET' | 'HEAD' | undefined
  /** After the address of the hub: `/api/models/…`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly what: string
  readonly repo?: string | undefined
  /** A longer answer is refused with IO. */
  readonly maxBytes: number
  /** Other hosts may be asked, too: files lie elsewhere. The token stays here. */
  readonly mayLeave?: boolean | undefined
  /** Answers that are no error, besides those below 300. */
  readonly accepts?: readonly number[] | undefined
  readonly signal?: AbortSignal | undefined
}

export interface HubAnswer extends AnswerHead {
  readonly body: Buffer
  /** Where it came from in the end. */
  readonly url: URL
}

export interface HubHttp {
  /** Follows redirects; waits where the hub asks to, within two minutes; refusals are errors by what they mean. */
  ask(request: HubRequest): Promise<HubAnswer>
}

const PATIENCE_MS = 120_000
const ANSWER_MS = 60_000
const ATTEMPTS = 5
const MAX_REDIRECTS = 5

export function createHubHttp(http: Http, target: HubTarget): HubHttp {
  return {
    async ask(request) {
      refuseOffline(target)
      const token = (await target.token())?.token
      const deadline = Date.now() + PATIENCE_MS
      for (let attempt = 1; ; attempt++) {
        const waitMs = await tryOnce(http, target, {...request, token}, attempt).catch((error: unknown) => {
          // A body that is cut off in the middle; what could not be reached at all was tried again already.
          if (attempt >= ATTEMPTS || isAbort(error) || !isOmniError(error) || !error.retryable) throw error
          return 500 * 2 ** attempt
        })
        if (typeof waitMs !== 'number') return waitMs
        if (Date.now() + waitMs > deadline) throw limited({status: 429, headers: {'retry-after': `${waitMs / 1000}`}})
        await sleep(waitMs, request.signal)
      }
    },
  }
}

/** With HF_HUB_OFFLINE nothing is asked. */
export function refuseOffline({isOffline}: HubTarget): void {
  if (!isOffline) return
  throw new OmniError('UNAVAILABLE', 'HF_HUB_OFFLINE is set: the hub is not asked', {hint: 'unset HF_HUB_OFFLINE'})
}

type Tokened = HubRequest & {readonly token: string | undefined}

/** The answer, or how long to wait before the next try. */
async function tryOnce(http: Http, target: HubTarget, request: Tokened, attempt: number): Promise<HubAnswer | number> {
  const answer = await follow(http, target, request)
  if (answer.status < 300 || request.accepts?.includes(answer.status) === true) return answer
  const isBusy = answer.status === 429 || answer.status >= 500
  if (!isBusy || attempt >= ATTEMPTS) throw hubError(answer, askedOf(target, request))
  return pauseMs(answer) ?? 500 * 2 ** attempt
}

const askedOf = ({endpoint}: HubTarget, {what, repo, token}: Tokened): Asked => ({
  ...{what, endpoint, repo},
  hasToken: token !== undefined,
})

async function follow(http: Http, target: HubTarget, request: Tokened): Promise<HubAnswer> {
  const home = new URL(target.endpoint).origin
  let url = new URL(`${target.endpoint}${request.path}`)
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const answer = await send(http, url, {...request, token: url.origin === home ? request.token : undefined})
    const location = headerOf(answer, 'location')
    const isRedirect = answer.status >= 300 && answer.status < 400 && location !== undefined
    if (!isRedirect || request.accepts?.includes(answer.status) === true) return {...answer, url}
    url = nextUrl(url, location)
    if (url.origin !== home && request.mayLeave !== true) {
      throw new OmniError('UNAVAILABLE', `the hub sends elsewhere for ${request.what}, to ${url.origin}`)
    }
  }
  throw new OmniError('UNAVAILABLE', `the hub sends in circles for ${request.what}`)
}

/** An address in a header, which may be relative. */
export const linkOf = (text: string | undefined, base: URL): URL | undefined =>
  text !== undefined && URL.canParse(text, base.href) ? new URL(text, base) : undefined

/** Only to addresses of the web, and never from an encrypted one to an open one. */
export function nextUrl(from: URL, location: string): URL {
  const next = linkOf(location, from)
  if (
    next === undefined ||
    !/^https?:$/.test(next.protocol) ||
    (from.protocol === 'https:' && next.protocol === 'http:')
  ) {
    throw new OmniError('UNAVAILABLE', 'the hub sends to an address that cannot be used')
  }
  return next
}

async function send(http: Http, url: URL, request: Tokened): Promise<Omit<HubAnswer, 'url'>> {
  const {method = 'GET', headers, maxBytes, what, token} = request
  const timer = AbortSignal.timeout(ANSWER_MS)
  const signal = request.signal === undefined ? timer : AbortSignal.any([request.signal, timer])
  try {
    const answer = await http.stream(
      {url: url.origin, token},
      {method, path: `${url.pathname}${url.search}`, headers: {'accept-encoding': 'identity', ...headers}},
      {signal},
    )
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of answer.body) {
      size += chunk.length
      if (size > maxBytes) throw new OmniError('IO', `${what} is larger than ${maxBytes} bytes: it is not read`)
      chunks.push(chunk)
    }
    return {status: answer.status, headers: answer.headers, body: Buffer.concat(chunks)}
  } catch (error) {
    if (timer.aborted && request.signal?.aborted !== true) {
      throw new OmniError('TIMEOUT', `the hub did not answer within a minute for ${what}`, {cause: error})
    }
    throw error
  }
}
