import {randomUUID} from 'node:crypto'
import {isOmniError, messageOf} from '@omni-cli/sdk'
import type {FastifyInstance, FastifyRequest} from 'fastify'
import type {AuditEntry, AuditStore} from '../store/audit.ts'
import {accessOf} from './access.ts'
import {asCount, asText, queryValue} from './body.ts'
import type {ApiContext} from './context.ts'
import {isHttpProblem} from './problem.ts'

const DEFAULT_LIMIT = 200
const MAX_LIMIT = 5_000

/** Refusals that are written down: a storm of guesses must not push out what really happened. */
const REFUSALS_PER_MINUTE = 120
const MAX_TARGET = 300
const HEARTBEAT = '/api/v1/cluster/heartbeat'

/** What handlers add to the entry of their request. */
export interface AuditNote {
  target?: string | undefined
  outcome?: string | undefined
}

declare module 'fastify' {
  interface FastifyRequest {
    audit: AuditNote | undefined
  }
}

/** Says what a request is about, where its path does not: names, never values. */
export function auditTarget(request: FastifyRequest, target: string): void {
  if (request.audit !== undefined) request.audit.target = target
}

/** Says how a request ended, where its status does not. */
export function auditOutcome(request: FastifyRequest, outcome: string): void {
  if (request.audit !== undefined) request.audit.outcome = outcome
}

/**
 * Writes one entry for each request that may change something, programs run inside and looks at secrets included, and for
 * every refusal. An accepted one is written down before its work begins, so that a crash cannot hide it.
 */
export function auditRequests(app: FastifyInstance, {audit, log}: ApiContext): (request: FastifyRequest) => void {
  const mayWriteRefusal = perMinute(REFUSALS_PER_MINUTE)
  // On a full disk services must still be stopped and removed, which makes room.
  const write = (request: FastifyRequest, work: () => void) => {
    try {
      work()
    } catch (error) {
      log.debug('audit entry not kept', {route: request.routeOptions.url, error: messageOf(error)})
    }
  }
  app.decorateRequest('audit', undefined)
  app.addHook('onRequest', async (request, reply) => {
    const note: AuditNote = {}
    const started = performance.now()
    request.audit = note
    reply.raw.once('close', () =>
      write(request, () => finish(audit, {request, status: statusOf(reply.raw), started, mayWriteRefusal})),
    )
  })
  app.addHook('onError', async (request, _reply, error: unknown) => {
    if (isOmniError(error)) auditOutcome(request, error.code)
    else if (!isHttpProblem(error)) auditOutcome(request, 'INTERNAL')
  })
  return (request) => {
    if (isAudited(request)) write(request, () => begun.set(request, audit.add(entryOf(request))))
  }
}

/** Entries of requests under way. */
const begun = new WeakMap<FastifyRequest, number>()

interface Ending {
  readonly request: FastifyRequest
  /** Undefined when the client went away before an answer. */
  readonly status: number | undefined
  readonly started: number
  readonly mayWriteRefusal: () => boolean
}

function finish(audit: AuditStore, {request, status, started, mayWriteRefusal}: Ending): void {
  const durationMs = Math.round(performance.now() - started)
  const isRefused = status === 401 || status === 403
  const outcome = request.audit?.outcome ?? outcomeOf(status)
  const end = {target: targetOf(request), status, durationMs, outcome}
  const id = begun.get(request)
  if (id !== undefined) audit.finish(id, end)
  else if (isRefused ? mayWriteRefusal() : isAudited(request)) audit.add({...entryOf(request), ...end})
}

const statusOf = (raw: {
  readonly writableFinished: boolean
  readonly statusCode: number
  readonly headersSent: boolean
}) => (raw.headersSent ? raw.statusCode : undefined)

const outcomeOf = (status: number | undefined): string => {
  if (status === undefined) return 'aborted'
  if (status === 401 || status === 403) return 'refused'
  return status < 400 ? 'ok' : 'failed'
}

function isAudited(request: FastifyRequest): boolean {
  // Agents tell every few seconds that they live: only when they get something to do, that changes something.
  if (request.routeOptions.url === HEARTBEAT) return request.audit?.target !== undefined
  if (request.method !== 'GET' && request.method !== 'HEAD' && request.method !== 'OPTIONS') return true
  const {action} = accessOf(request.method, request.routeOptions.url)
  return action === 'exec' || action === 'secrets'
}

const entryOf = (request: FastifyRequest): Omit<AuditEntry, 'id' | 'time'> => ({
  actor: request.actor?.name,
  role: request.actor?.role,
  tokenId: request.actor?.tokenId,
  peer: request.socket.remoteAddress,
  method: request.method,
  route: request.routeOptions.url,
  target: targetOf(request),
  requestId: randomUUID(),
})

/** The parameters of the path; the path itself when it is unknown, never a query. */
function targetOf(request: FastifyRequest): string | undefined {
  const {params, url} = request
  const values = typeof params === 'object' && params !== null ? Object.values(params) : []
  const text =
    request.audit?.target ?? (request.routeOptions.url === undefined ? url.split('?', 1)[0] : values.join(' '))
  return text === undefined || text === '' ? undefined : text.slice(0, MAX_TARGET)
}

/** True at most so often in each minute. */
function perMinute(limit: number): () => boolean {
  let windowStart = 0
  let count = 0
  return () => {
    if (Date.now() - windowStart >= 60_000) {
      windowStart = Date.now()
      count = 0
    }
    count++
    return count <= limit
  }
}

/** The log itself, for admins. */
export function auditRoutes(app: FastifyInstance, {audit}: ApiContext): void {
  app.get('/api/v1/audit', async (request) => ({
    entries: audit.list({
      after: queryValue(request, 'after', asCount),
      since: queryValue(request, 'since', asTime),
      actor: queryValue(request, 'actor', asText),
      limit: Math.min(queryValue(request, 'limit', asCount) ?? DEFAULT_LIMIT, MAX_LIMIT),
    }),
  }))
}

const asTime = (text: string): string | undefined =>
  Number.isNaN(Date.parse(text)) ? undefined : new Date(text).toISOString()
