import type {Logger} from '@omni-cli/sdk'
import type {FastifyRequest} from 'fastify'
import type {Control} from '../control.ts'
import type {NodeBook} from '../nodes/node-book.ts'
import type {ServerSecrets} from '../secrets/server-secrets.ts'
import type {AuditStore} from '../store/audit.ts'
import type {TokenStore} from '../store/tokens.ts'
import type {WebhookStore} from '../store/webhooks.ts'
import type {Caller, ExtraToken} from './auth.ts'
import type {TokenWatch} from './token-watch.ts'

/** What the routes work on. */
export interface ApiContext {
  readonly control: Control
  readonly tokens: TokenStore
  readonly tokenWatch: TokenWatch
  readonly webhooks: WebhookStore
  readonly audit: AuditStore
  readonly nodes: NodeBook
  readonly secrets: ServerSecrets
  /** Secret of the owner, from the file in the home folder. */
  readonly adminToken: string
  /** Tokens that somebody else keeps. */
  readonly extraTokens: readonly ExtraToken[]
  readonly version: string
  /** RFC 3339. */
  readonly startedAt: string
  /** TCP port of the API, once it listens. */
  readonly port: () => number | undefined
  readonly log: Logger
  /** Aborted when the server stops: endless answers end. */
  readonly closing: AbortSignal
  /** Ends the server after the answer is out; with `stop` the services are stopped first. */
  readonly shutdown: (workloads: 'keep' | 'stop') => void
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the access check on every route that is not open. */
    actor: Caller | undefined
  }
}

/** Who asks. Only open routes have nobody, and they do not call this. */
export function actorOf(request: FastifyRequest): Caller {
  if (request.actor === undefined) throw new Error(`no actor on ${request.method} ${request.routeOptions.url}`)
  return request.actor
}

/** Media type by which our own client asks for our forms (full services, JSON errors) on paths that Orca has too. */
export const NATIVE = 'application/vnd.omni+json'

export const isNative = (request: FastifyRequest): boolean => accepts(request, NATIVE)

export const accepts = (request: FastifyRequest, mediaType: string): boolean =>
  (request.headers.accept ?? '').toLowerCase().includes(mediaType)

/** Parameters of the path, decoded. */
export function param(request: FastifyRequest, key: string): string {
  const {params} = request
  const value = typeof params === 'object' && params !== null ? Reflect.get(params, key) : undefined
  return typeof value === 'string' ? value : ''
}
