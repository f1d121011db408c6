import {createHash} from 'node:crypto'
import {type Logger, messageOf} from '@omni-cli/sdk'
import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify'
import type {Control} from '../control.ts'
import type {Invocation, Webhook, WebhookStore} from '../store/webhooks.ts'
import {auditTarget} from './audit.ts'
import {asCount, JSON_LIMIT_BYTES, queryValue, readBody} from './body.ts'
import type {ApiContext} from './context.ts'
import {HttpProblem} from './problem.ts'
import {isFor, type Push, readPush, touches} from './push-payload.ts'
import {shareNext} from './share-next.ts'
import {signedBy} from './signature.ts'

/** GitHub's own limit. Nobody is logged in here, so only a few bodies of this size are taken at a time. */
const PUSH_LIMIT_BYTES = 25 * 1024 * 1024
const MAX_LARGE_BODIES = 2

/** Forges give up after 10 s. Whoever wants to wait longer for the outcome says so with `?wait=SECONDS`. */
const ANSWER_WITHIN_SECS = 8
const MAX_WAIT_SECS = 3_600

/** How long the same body counts as the same push. */
const REPLAY_MS = 10 * 60_000

const ACTOR = {name: 'github', role: 'deployer'} as const

/**
 * A push of GitHub, Gitea or Forgejo. Nothing of the body is looked at before its signature fits the secret of some
 * webhook; without any webhook nothing fits.
 *
 * A body that was taken up is not taken up again for 10 minutes, whatever its unsigned headers say; one whose redeploy
 * failed is forgotten, so that the forge may deliver it again. Pushes that arrive in another order than they were made do
 * no harm: a redeploy takes what the branch holds now, not the commit of the payload.
 */
export function pushRoute(app: FastifyInstance, {control, webhooks, log}: ApiContext): void {
  const redeploy = createRedeploy(control, webhooks, log)
  const seen = createReplayGuard()
  const readPushBody = createBodyReader()
  app.post('/api/v1/webhooks/github', async (request, reply) => {
    const waitSecs = Math.min(queryValue(request, 'wait', asCount) ?? ANSWER_WITHIN_SECS, MAX_WAIT_SECS)
    const body = await readPushBody(request)
    const signed = await signedBy(webhooks.list(), body, signatureOf(request))
    if (signed.length === 0) throw new HttpProblem(401, 'signature validation failed')
    const event = eventOf(request)
    if (event !== undefined && event !== 'push') return ignore(reply, event === 'ping' ? 'ping' : 'not a push')
    const push = readPush(body)
    if (typeof push === 'string') return reply.type('text/plain').send(push)
    const hooks = signed.filter((hook) => isFor(push, hook))
    if (hooks.length === 0) return refuseOrIgnore(reply, push, webhooks.list())
    const services = [...new Set(hooks.filter((hook) => touches(push, hook)).map(({service}) => service))]
    if (services.length === 0) return ignore(reply, 'no watched path was changed')
    const forget = seen.add(body)
    if (forget === undefined) return ignore(reply, 'duplicate delivery')
    auditTarget(request, services.join(', '))
    const outcome = redeploy(push, services)
    void outcome.then(({errors}) => errors.length > 0 && forget())
    const inTime = await within(waitSecs * 1000, outcome)
    if (inTime === undefined) return reply.code(202).send({deployed: [], errors: [], pending: services})
    const {status, deployed, errors} = inTime
    return reply.code(status).send({deployed, errors})
  })
}

const ignore = (reply: FastifyReply, why: string): FastifyReply => reply.type('text/plain').send(`ignored: ${why}`)

/** A push whose webhook has another secret is not signed; with no webhook for it there is nothing to do. */
function refuseOrIgnore(reply: FastifyReply, push: Push, all: readonly Webhook[]): FastifyReply {
  if (all.some((hook) => isFor(push, hook))) throw new HttpProblem(401, 'signature validation failed')
  return ignore(reply, push.kind === 'tag' ? 'not a branch push' : 'no matching webhook config')
}

interface Redeployed {
  readonly status: 200 | 206 | 500
  readonly deployed: readonly string[]
  readonly errors: readonly string[]
}

/** Redeploys services; of many pushes at once those that wait share one run. Every push is noted for each service. */
function createRedeploy(control: Control, webhooks: WebhookStore, log: Logger) {
  const run = shareNext((service: string, reason: string) => control.redeploy(service, {actor: ACTOR, reason}))
  /** On a full disk what was deployed is deployed all the same. */
  const note = (service: string, invocation: Invocation) => {
    try {
      webhooks.note(service, invocation)
    } catch (error) {
      log.debug('push not kept', {service, error: messageOf(error)})
    }
  }
  return async (push: Push, services: readonly string[]): Promise<Redeployed> => {
    const commit = /^[0-9a-f]{7,8}$/i.test(push.commit) ? ` ${push.commit}` : ''
    const failures = await Promise.all(
      services.map((service) =>
        run(service, `git push${commit}`).then(
          () => undefined,
          (error: unknown) => messageOf(error),
        ),
      ),
    )
    const failed = services.flatMap((service, index) => (failures[index] === undefined ? [] : [service]))
    const status = failed.length === 0 ? 200 : failed.length === services.length ? 500 : 206
    services.forEach((service, index) => {
      const error = failures[index]
      note(service, {
        at: new Date().toISOString(),
        status_code: status,
        commit_sha: push.commit,
        repo: push.repo,
        branch: push.name,
        deployed: error === undefined,
        ...(error === undefined ? {} : {error}),
      })
    })
    return {
      status,
      deployed: services.filter((service) => !failed.includes(service)),
      errors: services.flatMap((service, index) =>
        failures[index] === undefined ? [] : [`${service}: ${failures[index]}`],
      ),
    }
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(late.resolve, ms, undefined)
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer))
}

/** Remembers signed bodies. `add` gives what forgets one again, or undefined for one that is known. */
function createReplayGuard() {
  const bodies = new Map<string, number>()
  return {
    add(body: Buffer): (() => void) | undefined {
      const now = Date.now()
      for (const [digest, at] of bodies) if (now - at > REPLAY_MS) bodies.delete(digest)
      const digest = createHash('sha256').update(body).digest('base64')
      if (bodies.has(digest)) return undefined
      bodies.set(digest, now)
      return () => bodies.delete(digest)
    },
  }
}

/** Bodies beyond what other routes take are read two at a time, and only with a stated length. */
function createBodyReader() {
  let large = 0
  return async (request: FastifyRequest): Promise<Buffer> => {
    const length = Number(request.headers['content-length'] ?? 0)
    if (length <= JSON_LIMIT_BYTES || length > PUSH_LIMIT_BYTES) return readBody(request)
    if (large >= MAX_LARGE_BODIES) throw new HttpProblem(503, 'too many large pushes at once; deliver it again')
    large++
    return readBody(request, {limitBytes: PUSH_LIMIT_BYTES}).finally(() => large--)
  }
}

const header = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

const eventOf = (request: FastifyRequest): string | undefined =>
  header(request, 'x-github-event') ?? header(request, 'x-gitea-event') ?? header(request, 'x-forgejo-event')

/** GitHub's header, which Gitea and Forgejo send too; their own has no prefix. */
function signatureOf(request: FastifyRequest): string | undefined {
  const common = header(request, 'x-hub-signature-256')
  if (common !== undefined) return common
  const own = header(request, 'x-gitea-signature') ?? header(request, 'x-forgejo-signature')
  return own === undefined ? undefined : `sha256=${own}`
}
