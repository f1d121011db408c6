import type {CallOptions} from '@omni-cli/sdk'
import {type AdminClient, createAdminClient} from './admin.ts'
import {openTarget, type TargetSession} from './server-target.ts'
import {createWebhookClient, type WebhookClient} from './webhook-client.ts'

/** What a command is to its clients. */
interface Caller {
  readonly signal: AbortSignal
  session(): Promise<TargetSession>
  notice(text: string): void
}

export interface OpenAdmin {
  readonly admin: AdminClient
  readonly webhooks: WebhookClient
  /** For each call: ends with the command. */
  readonly call: CallOptions
  /** Address of the server. */
  readonly url: string
  readonly home: string
}

/** The server that the context of a command means; see `openTarget`. */
export async function openAdmin(caller: Caller): Promise<OpenAdmin> {
  const session = await caller.session()
  const call = {signal: caller.signal}
  const {http, target} = await openTarget(session, {...call, notice: (text) => caller.notice(text)})
  return {
    admin: createAdminClient(http, target),
    webhooks: createWebhookClient(http, target),
    call,
    url: target.url,
    home: session.home,
  }
}
