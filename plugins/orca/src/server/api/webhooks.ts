import type {FastifyInstance} from 'fastify'
import {z} from 'zod'
import type {Webhook} from '../store/webhooks.ts'
import {decode, readJson} from './body.ts'
import {type ApiContext, param} from './context.ts'
import {HttpProblem} from './problem.ts'
import {type Invocation, type Invocations, pushRoute} from './push.ts'

const webhookRequest = z.object({
  repo: z.string().regex(/^[^/\s]+\/[^/\s]+$/, 'expected "org/name"'),
  service_name: z.string().min(1),
  branch: z.string().min(1).default('main'),
  secret: z.string().nullish(),
  infra: z.boolean().nullish(),
})

/** Registering, listing and removing webhooks, and the pushes themselves. Secrets go in and never come out. */
export function webhookRoutes(app: FastifyInstance, context: ApiContext): void {
  const {webhooks} = context
  const invocations: Invocations = new Map()

  app.post('/api/v1/webhooks', async (request, reply) => {
    const {repo, service_name, branch, secret, infra} = decode(webhookRequest, await readJson(request))
    if (infra === true) throw new HttpProblem(400, {error: 'infra webhooks are not supported'})
    if (secret === undefined || secret === null || secret === '') {
      throw new HttpProblem(400, {error: 'a webhook needs a secret: unsigned pushes are refused'})
    }
    webhooks.put({repo, service: service_name, branch, secret})
    return reply.code(201).send({status: 'registered'})
  })
  app.get('/api/v1/webhooks', async () => ({
    webhooks: webhooks.list().map((webhook) => toEntry(webhook, invocations.get(webhook.service)?.at(0))),
  }))
  app.get('/api/v1/webhooks/:id/invocations', async (request) => ({
    invocations: invocations.get(param(request, 'id')) ?? [],
  }))
  app.delete('/api/v1/webhooks/:id', async (request) => {
    const service = param(request, 'id')
    const count = webhooks.remove(service)
    if (count === 0) throw new HttpProblem(404, {error: `no webhook for service '${service}'`})
    invocations.delete(service)
    return {status: 'removed', count}
  })
  pushRoute(app, context, invocations)
}

const toEntry = ({repo, service, branch, secret}: Webhook, last: Invocation | undefined) => ({
  repo,
  service_name: service,
  branch,
  has_secret: secret !== '',
  infra: false,
  ...(last === undefined ? {} : {last_invocation: last}),
})
