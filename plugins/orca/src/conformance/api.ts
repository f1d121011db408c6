import {request as httpRequest, type IncomingHttpHeaders} from 'node:http'
import {request as httpsRequest} from 'node:https'
import {OmniError} from '@omni-cli/sdk'

export interface Call {
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is. */
  readonly body?: string | Buffer | undefined
  readonly headers?: Readonly<Record<string, string | string[]>> | undefined
  /** Undefined: the admin's; null: none at all. */
  readonly token?: string | null | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body as JSON; throws when it is none. */
  json(): unknown
}

/** Sends requests exactly as they are written: the path is not normalised, redirects are not followed. */
export interface Api {
  readonly url: URL
  send(method: string, path: string, call?: Call): Promise<Answer>
}

/** An act of the server waits for replicas, one after the other. */
const PATIENCE_MS = 5 * 60_000

/** @param token of an admin */
export function createApi(base: string, token: string | undefined): Api {
  const url = parseUrl(base)
  return {
    url,
    send(method, path, call = {}) {
      const bearer = call.token === undefined ? token : (call.token ?? undefined)
      const json = call.json === undefined ? undefined : JSON.stringify(call.json)
      const headers = {
        ...(bearer === undefined ? {} : {authorization: `Bearer ${bearer}`}),
        ...(json === undefined ? {} : {'content-type': 'application/json'}),
        ...call.headers,
      }
      return exchange(url, {method, path, headers, body: json ?? call.body})
    },
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url !== null && /^https?:$/.test(url.protocol)) return url
  throw new OmniError('USAGE', `'${text}' is no address of a server`, {hint: 'http://127.0.0.1:6880'})
}

interface Exchange {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: string | Buffer | undefined
}

/** One request on a connection of its own. */
export function exchange(url: URL, {method, path, headers, body}: Exchange): Promise<Answer> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const {promise, resolve, reject} = Promise.withResolvers<Answer>()
  const where = {hostname: url.hostname.replace(/^\[|\]$/g, ''), port: url.port || undefined, agent: false}
  const request = send({...where, method, path, headers: {...headers}, signal: AbortSignal.timeout(PATIENCE_MS)})
  request.once('error', reject)
  request.once('response', (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.once('error', reject)
    response.once('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text,
        json: () => JSON.parse(text) as unknown,
      })
    })
  })
  request.end(body)
  return promise
}
