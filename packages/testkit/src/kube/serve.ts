import type {IncomingMessage, ServerResponse} from 'node:http'
import {checkAccess, type Role, review, userOf} from './access.ts'
import type {Call} from './call.ts'
import {discover} from './discovery.ts'
import {type Faults, happen} from './faults.ts'
import {matcherOf} from './lists.ts'
import {isMap, type Json, type KubeObject, keyOf} from './objects.ts'
import type {PodLogs} from './pod-logs.ts'
import {answer} from './rest.ts'
import {asVersion, type Route, routeOf} from './route.ts'
import {badRequest, KubeError, notFound} from './status.ts'
import type {Store} from './store.ts'
import {tableOf} from './table.ts'
import {watch} from './watch.ts'
import {subjectOf} from './writes.ts'

interface Surroundings {
  readonly store: Store
  readonly faults: Faults
  readonly logs: PodLogs
  readonly brokenGroups: readonly string[]
  readonly admit?:
    | ((object: KubeObject) => {readonly warnings?: readonly string[]; readonly denied?: string} | undefined)
    | undefined
}

/** Answers one request. */
export async function serve(request: IncomingMessage, response: ServerResponse, around: Surroundings): Promise<void> {
  try {
    const fault = around.faults.take(request)
    const body = await bodyOf(request)
    if (fault !== undefined && (await happen(fault, response))) return
    const reply = reaction(request, body, response, around)
    if (fault?.cut === 'after') response.destroy()
    else if (reply !== undefined) send(response, reply.code, reply.body)
  } catch (error) {
    if (response.headersSent || response.destroyed) return
    const known =
      error instanceof KubeError
        ? error
        : new KubeError(500, 'InternalError', String(error instanceof Error ? error.stack : error))
    if (known.retryAfterSeconds !== undefined) response.setHeader('retry-after', known.retryAfterSeconds)
    send(response, known.code, known.body)
  }
}

function send(response: ServerResponse, code: number, body: object | string): void {
  const isText = typeof body === 'string'
  response.writeHead(code, {'content-type': isText ? 'text/plain' : 'application/json'})
  response.end(isText ? body : JSON.stringify(body))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

interface Reply {
  readonly code: number
  readonly body: object | string
}

/** Undefined when the answer is a stream that has begun. */
function reaction(
  request: IncomingMessage,
  text: string,
  response: ServerResponse,
  around: Surroundings,
): Reply | undefined {
  const {store, brokenGroups} = around
  const {pathname, searchParams: query} = new URL(request.url ?? '/', 'http://fake')
  const role = userOf(request.headers.authorization)
  if (brokenGroups.some((group) => pathname.startsWith(`/apis/${group}`))) {
    throw new KubeError(503, 'ServiceUnavailable', 'the server is currently unable to handle the request')
  }
  const told = discover(pathname, store, brokenGroups)
  if (told !== undefined) return {code: 200, body: told}
  const route = routeOf(pathname, store)
  if (route === undefined) return {code: 404, body: '404 page not found\n'}
  const body = parsed(text, route)
  const call: Call = {
    method: request.method ?? 'GET',
    route,
    query,
    body,
    contentType: (request.headers['content-type'] ?? '').split(';')[0] ?? '',
    accept: request.headers.accept ?? '',
    agent: (request.headers['user-agent'] ?? 'unknown').split('/')[0] ?? '',
  }
  const {kind, name, namespace, subresource} = route
  checkAccess(role, {verb: verbOf(call), kind, subresource, namespace, name})
  return kind.isReview === true ? reviewed(role, call) : carriedOut(call, response, around)
}

const reviewed = (role: Role, {route, body}: Call): Reply => ({
  code: 201,
  body: review(role, route.kind, isMap(body) ? body : {}),
})

function carriedOut(call: Call, response: ServerResponse, {store, logs, admit}: Surroundings): Reply | undefined {
  const {route, method, query, body} = call
  if (method === 'GET' && route.subresource === 'log') {
    const pod = store.get('pods', keyOf({namespace: route.namespace, name: route.name ?? ''}))
    if (pod === undefined) throw notFound(subjectOf(route.kind, route.name))
    logs.send(pod, query, response)
    return undefined
  }
  if (method === 'GET' && /^(1|true)$/.test(query.get('watch') ?? '')) {
    startWatch(call, store, response)
    return undefined
  }
  if (isMap(body) && method !== 'DELETE' && admit !== undefined)
    admitted(body as unknown as KubeObject, response, admit)
  return answer(store, call)
}

function admitted(object: KubeObject, response: ServerResponse, admit: NonNullable<Surroundings['admit']>): void {
  const {warnings = [], denied} = admit(object) ?? {}
  if (denied !== undefined)
    throw new KubeError(403, 'Forbidden', `admission webhook "fake.ome.io" denied the request: ${denied}`)
  if (warnings.length > 0)
    response.setHeader(
      'warning',
      warnings.map((text) => `299 - ${JSON.stringify(text)}`),
    )
}

function startWatch(call: Call, store: Store, response: ServerResponse): void {
  const {route, query, accept} = call
  const isTable = accept.includes('as=Table')
  const include = query.get('includeObject') ?? undefined
  watch(store, response, {
    kind: route.kind,
    matches: matcherOf(call),
    shown: (object) => {
      const seen = asVersion(object, route.kind)
      return isTable ? tableOf(route.kind, [seen], include) : (seen as unknown as Record<string, Json>)
    },
    resourceVersion: query.get('resourceVersion') ?? undefined,
    bookmarks: query.get('allowWatchBookmarks') === 'true',
    timeoutSeconds: Number(query.get('timeoutSeconds')) || undefined,
  })
}

function parsed(text: string, {kind}: Route): Json | undefined {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    const why = `couldn't get version/kind; json parse error: unexpected end of JSON input (${text.slice(0, 40)})`
    throw badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): ${why}`)
  }
}

const VERBS: Readonly<Record<string, string>> = {POST: 'create', PUT: 'update', PATCH: 'patch'}

function verbOf({method, route, query}: Call): string {
  if (method === 'DELETE') return route.name === undefined ? 'deletecollection' : 'delete'
  if (method !== 'GET') return VERBS[method] ?? method.toLowerCase()
  if (/^(1|true)$/.test(query.get('watch') ?? '')) return 'watch'
  return route.name === undefined ? 'list' : 'get'
}
