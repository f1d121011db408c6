import type {Agent, IncomingMessage} from 'node:http'
import {agentFor, OmniError} from '@omni-cli/sdk'
import {type AnswerHead, headerOf} from '../client/errors.ts'
import {nextUrl} from '../client/hub-http.ts'

/** Opens parts of files, over connections that are kept. The token goes to the hub alone. */
export interface RangeFetcher extends Disposable {
  /** The answer to a request for these bytes, both ends included, whatever its status; redirects are followed. */
  open(url: URL, range: ByteRange, signal: AbortSignal): Promise<RangeAnswer>
}

export interface ByteRange {
  readonly first: number
  readonly last: number
}

export interface RangeAnswer extends AnswerHead {
  readonly body: IncomingMessage
  readonly url: URL
}

export interface FetcherOptions {
  /** Address of the hub. */
  readonly endpoint: string
  readonly token: string | undefined
  /** Without a byte for so long the connection counts as cut, and without the head of an answer for twice as long. */
  readonly silenceMs: number
}

const MAX_REDIRECTS = 5

export function createRangeFetcher({endpoint, token, silenceMs}: FetcherOptions): RangeFetcher {
  const home = new URL(endpoint).origin
  const agents = new Map<string, Agent>()
  const agentOf = (origin: string): Agent => {
    const agent = agents.get(origin) ?? agentFor({url: origin})
    agents.set(origin, agent)
    return agent
  }
  return {
    async open(start, range, signal) {
      let url = start
      for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
        const isHome = url.origin === home
        const agent = agentOf(url.origin)
        const answer = await send(url, {range, signal, agent, silenceMs, token: isHome ? token : undefined})
        const location = headerOf(answer, 'location')
        if (answer.status < 300 || answer.status >= 400 || location === undefined) return {...answer, url}
        answer.body.resume()
        url = nextUrl(url, location)
      }
      throw new OmniError('UNAVAILABLE', 'the hub sends in circles')
    },
    [Symbol.dispose]() {
      for (const agent of agents.values()) agent.destroy()
    },
  }
}

interface Sending {
  readonly range: ByteRange
  readonly signal: AbortSignal
  readonly agent: Agent
  readonly token: string | undefined
  readonly silenceMs: number
}

function send(url: URL, {range, signal, agent, token, silenceMs}: Sending): Promise<Omit<RangeAnswer, 'url'>> {
  const {promise, resolve, reject} = Promise.withResolvers<Omit<RangeAnswer, 'url'>>()
  // A dynamic import would read every export of node:http, and one of them loads a whole fetch client.
  const {request} = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http')
  const outgoing = request(url, {
    agent,
    signal,
    timeout: silenceMs,
    headers: {
      range: `bytes=${range.first}-${range.last}`,
      'accept-encoding': 'identity',
      ...(token === undefined ? {} : {authorization: `Bearer ${token}`}),
    },
  })
  const silent = () => outgoing.destroy(new Error(`no data for ${silenceMs / 1000}s`))
  const timer = setTimeout(silent, 2 * silenceMs)
  outgoing.on('timeout', silent)
  outgoing.on('response', (body) => resolve({status: body.statusCode ?? 0, headers: body.headers, body}))
  outgoing.on('error', reject)
  outgoing.end()
  return promise.finally(() => clearTimeout(timer))
}

/** What is wrong with an answer to a request for a range; undefined when its body starts with the first byte of it. */
export function rangeProblem(answer: AnswerHead, {first, last}: ByteRange, size: number): string | undefined {
  const packed = headerOf(answer, 'content-encoding') ?? 'identity'
  if (packed !== 'identity' && packed !== '') return `it sent it packed (${packed})`
  const length = Number(headerOf(answer, 'content-length') ?? Number.NaN)
  if (answer.status === 200) {
    return Number.isNaN(length) || length === size ? undefined : `it has ${length} bytes instead of ${size}`
  }
  const told = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headerOf(answer, 'content-range') ?? '')
  if (told === null) return 'its Content-Range is missing'
  if (Number(told[1]) !== first || Number(told[2]) !== last) return 'it sent other bytes than it was asked for'
  return told[3] === '*' || Number(told[3]) === size ? undefined : `it has ${told[3]} bytes instead of ${size}`
}
