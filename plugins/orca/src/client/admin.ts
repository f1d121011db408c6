import {type CallOptions, type Http, type HttpRequest, type HttpTarget, OmniError} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import {failureOf} from './failure.ts'
import {queryOf} from './requests.ts'
import {readJson, readWire} from './wire.ts'

const text = z.string()
const maybe = z.optional(text)

const tokenWire = z.looseObject({
  id: text,
  name: text,
  role: z.enum(['admin', 'deployer', 'viewer']),
  projects: z.optional(z.array(text)),
  createdAt: text,
  expiresAt: maybe,
  lastUsedAt: maybe,
})
const issuedWire = z.extend(tokenWire, {token: text})
const tokensWire = z.looseObject({tokens: z.array(tokenWire)})

const auditWire = z.looseObject({
  entries: z.array(
    z.looseObject({
      id: z.number(),
      time: text,
      actor: maybe,
      role: maybe,
      tokenId: maybe,
      peer: maybe,
      method: text,
      route: maybe,
      target: maybe,
      requestId: text,
      status: z.optional(z.number()),
      durationMs: z.optional(z.number()),
      outcome: maybe,
    }),
  ),
})

const certificatesWire = z.looseObject({
  certificates: z.array(
    z.looseObject({
      host: text,
      source: z.enum(['files', 'acme', 'none']),
      notAfter: maybe,
      reason: maybe,
      lastError: maybe,
      nextTry: maybe,
    }),
  ),
})

export type TokenRole = 'admin' | 'deployer' | 'viewer'
/** A token without its secret. */
export type Token = z.infer<typeof tokenWire>
export type IssuedToken = z.infer<typeof issuedWire>
export type Certificate = z.infer<typeof certificatesWire>['certificates'][number]
export type AuditEntry = z.infer<typeof auditWire>['entries'][number]

export interface TokenWish {
  readonly name: string
  readonly role: TokenRole
  /** RFC 3339. */
  readonly expiresAt?: string | undefined
  /** The only projects it reaches. */
  readonly projects?: readonly string[] | undefined
}

export interface AuditQuery {
  /** Only entries after this id. */
  readonly after?: number | undefined
  /** RFC 3339. */
  readonly since?: string | undefined
  readonly actor?: string | undefined
  readonly limit?: number | undefined
}

/** What only admins of a server of ours may do. Failures are OmniErrors; UNSUPPORTED when it is somebody else's Orca. */
export type AdminClient = ReturnType<typeof createAdminClient>

/** Nothing is sent before the first call. */
export function createAdminClient(http: Http, target: HttpTarget) {
  const ask = (request: HttpRequest, options: CallOptions | undefined) => sendAdmin({http, target}, request, options)
  return {
    async createToken(wish: TokenWish, options?: CallOptions): Promise<IssuedToken> {
      const answer = await ask({method: 'POST', path: '/api/v1/tokens', json: wish}, options)
      return readWire(issuedWire, answer, 'a token')
    },
    async rotateToken(idOrName: string, options?: CallOptions): Promise<IssuedToken> {
      const answer = await ask({method: 'POST', path: `${tokenPath(idOrName)}/rotate`}, options)
      return readWire(issuedWire, answer, 'a token')
    },
    async tokens(options?: CallOptions): Promise<Token[]> {
      return readWire(tokensWire, await ask({method: 'GET', path: '/api/v1/tokens'}, options), 'tokens').tokens
    },
    async revokeToken(idOrName: string, options?: CallOptions): Promise<void> {
      await ask({method: 'DELETE', path: tokenPath(idOrName)}, options)
    },
    /** Of the host names that are served, by name. */
    async certificates(options?: CallOptions): Promise<Certificate[]> {
      const answer = await ask({method: 'GET', path: '/api/v1/certificates'}, options)
      return readWire(certificatesWire, answer, 'certificates').certificates
    },
    /** Oldest first. */
    async audit({after, since, actor, limit}: AuditQuery, options?: CallOptions): Promise<AuditEntry[]> {
      const path = `/api/v1/audit${queryOf({after, since, actor, limit})}`
      return readWire(auditWire, await ask({method: 'GET', path}, options), 'the audit log').entries
    },
  }
}

const tokenPath = (idOrName: string): string => `/api/v1/tokens/${encodeURIComponent(idOrName)}`

/** The JSON of an answer. An empty 404 comes from a server that does not know the route. */
export async function sendAdmin(
  {http, target}: {readonly http: Http; readonly target: HttpTarget},
  request: HttpRequest,
  options: CallOptions | undefined,
): Promise<unknown> {
  const answer = await http.request(target, request, {signal: options?.signal})
  if (answer.status === 404 && answer.text === '') {
    throw new OmniError('UNSUPPORTED', 'this server is no omni server, or an older one: it has no such route', {
      hint: 'omni context show',
    })
  }
  if (answer.status >= 400) throw failureOf({status: answer.status, text: inWords(answer.text)})
  return readJson(answer.text, 'its settings')
}

/** Some of Orca's errors are `{"error": "in words"}`. */
function inWords(body: string): string {
  try {
    const value: unknown = JSON.parse(body)
    const words = typeof value === 'object' && value !== null ? Reflect.get(value, 'error') : undefined
    return typeof words === 'string' ? words : body
  } catch {
    return body
  }
}
