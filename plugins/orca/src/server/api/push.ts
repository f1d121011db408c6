import {createHmac, timingSafeEqual} from 'node:crypto'
import {messageOf} from '@omni-cli/sdk'
import type {FastifyInstance} from 'fastify'
import {z} from 'zod'
import type {Webhook} from '../store/webhooks.ts'
import {parseJson, readBody} from './body.ts'
import type {ApiContext} from './context.ts'
import {HttpProblem} from './problem.ts'
import {shareNext} from './share-next.ts'

/** One push, for the list of the last ones. */
export interface Invocation {
  readonly at: string
  readonly status_code: number
  /** First 8 characters. */
  readonly commit_sha: string
  readonly repo: string
  readonly branch: string
  readonly deployed: boolean
}

/** Newest first, by service; in memory, as in Orca. */
export type Invocations = Map<string, Invocation[]>

const KEPT_INVOCATIONS = 10

const pushPayload = z.object({
  ref: z.string(),
  repository: z.object({full_name: z.string()}),
  head_commit: z.object({id: z.string()}).nullish(),
  deleted: z.boolean().nullish(),
})

/**
 * A push of GitHub. Nobody is logged in here, so nothing of the body is looked at before its signature fits the secret of
 * some webhook; without any webhook nothing fits.
 */
export function pushRoute(app: FastifyInstance, {control, webhooks}: ApiContext, invocations: Invocations): void {
  const redeploy = shareNext((service) => control.restart(service, {name: 'github', role: 'deployer'}))
  app.post('/api/v1/webhooks/github', async (request, reply) => {
    const body = await readBody(request)
    const signature = request.headers['x-hub-signature-256']
    const signed = webhooks.list().filter((webhook) => isSignedBy(webhook.secret, body, signature))
    if (signed.length === 0) throw new HttpProblem(401, 'signature validation failed')
    if (request.headers['x-github-event'] === 'ping') return reply.type('text/plain').send('ignored: ping')

    const payload = pushPayload.safeParse(parseJson(body, 'invalid payload'))
    if (!payload.success) throw new HttpProblem(400, `invalid payload: ${payload.error.issues[0]?.message ?? ''}`)
    const branch = /^refs\/heads\/(.+)$/s.exec(payload.data.ref)?.[1]
    if (branch === undefined) return reply.type('text/plain').send('ignored: not a branch push')
    if (payload.data.deleted === true) return reply.type('text/plain').send('ignored: the branch was deleted')
    const repo = payload.data.repository.full_name
    const matches = (webhook: Webhook) => webhook.repo === repo && webhook.branch === branch
    const hooks = signed.filter(matches)
    if (hooks.length === 0 && webhooks.list().some(matches)) throw new HttpProblem(401, 'signature validation failed')
    if (hooks.length === 0) return reply.type('text/plain').send('ignored: no matching webhook config')

    const {deployed, errors} = await redeployAll(redeploy, hooks)
    const status = errors.length === 0 ? 200 : deployed.length === 0 ? 500 : 206
    const commit = (payload.data.head_commit?.id ?? '').slice(0, 8)
    for (const {service} of hooks) {
      const at = new Date().toISOString()
      const isDone = deployed.includes(service)
      note(invocations, service, {at, status_code: status, commit_sha: commit, repo, branch, deployed: isDone})
    }
    return reply.code(status).send({deployed, errors})
  })
}

async function redeployAll(redeploy: (service: string) => Promise<unknown>, hooks: readonly Webhook[]) {
  const deployed: string[] = []
  const errors: string[] = []
  for (const service of new Set(hooks.map((hook) => hook.service))) {
    try {
      await redeploy(service)
      deployed.push(service)
    } catch (error) {
      errors.push(`${service}: ${messageOf(error)}`)
    }
  }
  return {deployed, errors}
}

function note(invocations: Invocations, service: string, invocation: Invocation): void {
  invocations.set(service, [invocation, ...(invocations.get(service) ?? [])].slice(0, KEPT_INVOCATIONS))
}

/** `sha256=<hex>` of the raw body, compared in constant time. An empty secret signs nothing. */
export function isSignedBy(secret: string, body: Buffer, signature: string | string[] | undefined): boolean {
  const hex = typeof signature === 'string' ? /^sha256=([0-9a-fA-F]{64})$/.exec(signature)?.[1] : undefined
  if (secret === '' || hex === undefined) return false
  return timingSafeEqual(Buffer.from(hex, 'hex'), createHmac('sha256', secret).update(body).digest())
}
