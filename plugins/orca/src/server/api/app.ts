import {ERROR_CODES, isOmniError, messageOf} from '@omni-cli/sdk'
import fastify, {type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest} from 'fastify'
import {accessOf, isAllowed, methodsOf} from './access.ts'
import {artifactRoutes} from './artifacts.ts'
import {auditRequests, auditRoutes} from './audit.ts'
import {createAuthenticate} from './auth.ts'
import {clusterRoutes} from './cluster.ts'
import type {ApiContext} from './context.ts'
import {createRoute} from './create.ts'
import {deployRoutes} from './deploy.ts'
import {eventRoutes} from './events.ts'
import {execRoute} from './exec.ts'
import {logRoutes} from './logs.ts'
import {openApiRoute} from './openapi.ts'
import {errorBody, HttpProblem, isHttpProblem} from './problem.ts'
import {checkScope} from './scope.ts'
import {secretRoutes} from './secrets.ts'
import {serviceRoutes} from './services.ts'
import {systemRoutes} from './system.ts'
import {tokenRoutes} from './tokens.ts'
import {webhookRoutes} from './webhooks.ts'

/** How long the rest of a body may be thrown away after its answer, so that the sender gets to read that answer. */
const LINGER_MS = 3_000

/** The HTTP API: Orca's routes and ours. Serve it with `app.routing` once `app.ready()` has resolved. */
export function createApi(context: ApiContext): FastifyInstance {
  const app = fastify({
    logger: false,
    // Names may be long in the question even if no service has such a name.
    routerOptions: {maxParamLength: 4_096},
    frameworkErrors: (error, _request, reply) => {
      reply.hijack()
      reply.raw.writeHead(400, {'content-type': 'text/plain; charset=utf-8'}).end(`Invalid URL: ${error.message}`)
    },
  })
  // Each route reads its own body: limits, deadlines and refusals differ, and the order (access first) is ours.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.decorateRequest('actor', undefined)
  guard(app, context)
  app.addHook('onResponse', async (request) => cutUnreadBody(request))
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(error, request, reply, context))
  app.setNotFoundHandler(async (request, reply) => {
    const methods = methodsOf(request.url.split('?', 1)[0] ?? '')
    if (methods.length > 0) return reply.code(405).header('allow', methods.join(',')).send()
    return reply.code(404).send()
  })
  const groups = [systemRoutes, serviceRoutes, deployRoutes, createRoute, logRoutes, execRoute, eventRoutes]
  const admin = [webhookRoutes, tokenRoutes, clusterRoutes, secretRoutes, auditRoutes]
  for (const mount of [...groups, artifactRoutes, ...admin, openApiRoute]) mount(app, context)
  return app
}

/** Before anything else of a request is looked at: who is it, and may they? */
function guard(app: FastifyInstance, context: ApiContext): void {
  const {control, tokens, tokenWatch} = context
  const authenticate = createAuthenticate(context.adminToken, tokens, context.extraTokens)
  const accepted = auditRequests(app, context)
  app.addHook('onRequest', async (request, reply) => {
    const access = accessOf(request.method, request.routeOptions.url)
    if (access.role === 'open') return
    const actor = authenticate(request.raw)
    request.actor = actor
    const isWrongMethod = request.is404 && methodsOf(request.url.split('?', 1)[0] ?? '').length > 0
    if (!isWrongMethod && !isAllowed(actor, access)) {
      throw new HttpProblem(403, `role '"${actor.role}"' may not perform '${access.action}' on this route`)
    }
    await checkScope(request, actor, control)
    accepted(request)
    if (actor.tokenId === undefined) return
    // To destroy the request is not enough: once its body is read, that leaves the connection alone.
    const connection = {destroy: () => request.raw.socket.destroy()}
    tokenWatch.add(actor.tokenId, connection)
    reply.raw.once('close', () => tokenWatch.remove(connection))
  })
}

function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply, {log}: ApiContext) {
  if (isHttpProblem(error)) {
    if (error.status === 401) reply.header('www-authenticate', 'Bearer')
    reply.type(typeof error.body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8')
    return reply.code(error.status).send(error.body)
  }
  if (isOmniError(error)) return reply.code(ERROR_CODES[error.code].http).send(errorBody(error.toJSON()))
  if (error.statusCode === 415) return reply.code(415).type('text/plain; charset=utf-8').send(MEDIA_TYPE)
  log.debug('request failed', {method: request.method, path: request.routeOptions.url, error: messageOf(error)})
  return reply.code(500).send(errorBody({code: 'INTERNAL', message: 'the server failed; its log says why'}))
}

const MEDIA_TYPE = 'Expected request with `Content-Type: application/json`'

function cutUnreadBody(request: FastifyRequest): void {
  if (request.raw.complete) return
  setTimeout(() => request.raw.destroy(), LINGER_MS).unref()
}
