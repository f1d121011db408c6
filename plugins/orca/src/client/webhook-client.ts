import {type CallOptions, type Http, type HttpTarget, OmniError} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import {sendAdmin} from './admin.ts'
import {readWire} from './wire.ts'

const text = z.string()

const invocationWire = z.looseObject({
  at: text,
  status_code: z.number(),
  commit_sha: text,
  repo: text,
  branch: text,
  deployed: z.boolean(),
  error: z.optional(text),
})

const webhooksWire = z.looseObject({
  webhooks: z.array(
    z.looseObject({
      repo: text,
      service_name: text,
      branch: text,
      tag: z.optional(text),
      paths: z.optional(z.array(text)),
      last_invocation: z.optional(invocationWire),
    }),
  ),
})

const removedWire = z.looseObject({count: z.number()})
const invocationsWire = z.looseObject({invocations: z.array(invocationWire)})

export type Webhook = z.infer<typeof webhooksWire>['webhooks'][number]
export type Delivery = z.infer<typeof invocationWire>

export interface WebhookWish {
  readonly repo: string
  readonly service: string
  readonly branch?: string | undefined
  readonly tag?: string | undefined
  readonly paths?: readonly string[] | undefined
  readonly secret: string
}

export type WebhookClient = ReturnType<typeof createWebhookClient>

/** Webhooks of any Orca-compatible server. */
export function createWebhookClient(http: Http, target: HttpTarget) {
  const server = {http, target}
  const list = async (options?: CallOptions): Promise<Webhook[]> => {
    const answer = await sendAdmin(server, {method: 'GET', path: '/api/v1/webhooks'}, options)
    return readWire(webhooksWire, answer, 'webhooks').webhooks
  }
  return {
    /** Orca ignores tags and paths: with them the server must tell that it knows them, else UNSUPPORTED. */
    async add({service, ...rest}: WebhookWish, options?: CallOptions): Promise<void> {
      const json = {...rest, service_name: service}
      await sendAdmin(server, {method: 'POST', path: '/api/v1/webhooks', json}, options)
      const {repo, tag, paths = []} = rest
      if (tag === undefined && paths.length === 0) return
      const isKept = ({tag: keptTag, paths: keptPaths = []}: Webhook) =>
        keptTag === tag && keptPaths.join('\n') === paths.join('\n')
      const own = (await list(options)).filter((one) => one.repo === repo && one.service_name === service)
      if (own.some(isKept)) return
      throw new OmniError(
        'UNSUPPORTED',
        'this server knows branches only: the webhook redeploys at every push to its branch',
        {
          hint: `omni webhooks remove ${service}`,
        },
      )
    },
    list,
    /** All of a service; how many there were. */
    async remove(service: string, options?: CallOptions): Promise<number> {
      const path = `/api/v1/webhooks/${encodeURIComponent(service)}`
      return readWire(removedWire, await sendAdmin(server, {method: 'DELETE', path}, options), 'webhooks').count
    },
    /** Newest first. */
    async deliveries(service: string, options?: CallOptions): Promise<Delivery[]> {
      const path = `/api/v1/webhooks/${encodeURIComponent(service)}/invocations`
      return readWire(invocationsWire, await sendAdmin(server, {method: 'GET', path}, options), 'pushes').invocations
    },
  }
}
