import type {FastifyInstance} from 'fastify'
import type {Invocation, Webhook} from '../store/webhooks.ts'
import {auditTarget} from './audit.ts'
import {decode, readJson} from './body.ts'
import {type ApiContext, param} from './context.ts'
import {HttpProblem} from './problem.ts'
import {pushRoute} from './push.ts'
import {webhookRequest} from './schemas.ts'

/** Registering, listing and removing webhooks, and the pushes themselves. Secrets go in and never come out. */
export function webhookRoutes(app: FastifyInstance, context: ApiContext): void {
  const {webhooks} = context

  app.post('/api/v1/webhooks', async (request, reply) => {
    const {repo, service_name, branch, tag, paths, secret, infra} = decode(webhookRequest, await readJson(request))
    auditTarget(request, `${service_name} ${repo}`)
    if (infra === true) throw new HttpProblem(400, {error: 'infra webhooks are not supported'})
    if (secret === undefined || secret === null || secret === '') {
      throw new HttpProblem(400, {error: 'a webhook needs a secret: unsigned pushes are refused'})
    }
    webhooks.put({
      repo,
      service: service_name,
      // Whoever asks for tags alone does not want Orca's default.
      branch: branch ?? (isGiven(tag) ? '' : 'main'),
      secret,
      ...(isGiven(tag) ? {tag} : {}),
      ...(isGiven(paths) && paths.length > 0 ? {paths} : {}),
    })
    return reply.code(201).send({status: 'registered'})
  })
  app.get('/api/v1/webhooks', async () => ({
    webhooks: webhooks.list().map((webhook) => toEntry(webhook, webhooks.invocations(webhook.service)[0])),
  }))
  app.get('/api/v1/webhooks/:id/invocations', async (request) => ({
    invocations: webhooks.invocations(param(request, 'id')),
  }))
  app.delete('/api/v1/webhooks/:id', async (request) => {
    const service = param(request, 'id')
    const count = webhooks.remove(service)
    if (count === 0) throw new HttpProblem(404, {error: `no webhook for service '${service}'`})
    return {status: 'removed', count}
  })
  pushRoute(app, context)
}

const isGiven = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined

const toEntry = ({repo, service, branch, tag, paths, secret}: Webhook, last: Invocation | undefined) => ({
  repo,
  service_name: service,
  branch,
  ...(tag === undefined ? {} : {tag}),
  ...(paths === undefined ? {} : {paths}),
  has_secret: secret !== '',
  infra: false,
  ...(last === undefined ? {} : {last_invocation: last}),
})
