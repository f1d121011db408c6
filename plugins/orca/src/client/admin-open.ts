import type {CallOptions} from '@omni-cli/sdk'
import {type AdminClient, createAdminClient} from './admin.ts'
import {findTarget, type OpenTarget, openTarget, type TargetSession} from './server-target.ts'
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
  return openWith(caller, session, await openTarget(session, optionsOf(caller)))
}

/** The same for a question, which starts nothing: undefined when there cannot be an answer; see `findTarget`. */
export async function findAdmin(caller: Caller): Promise<OpenAdmin | undefined> {
  const session = await caller.session()
  const found = await findTarget(session, optionsOf(caller))
  return found === undefined ? undefined : openWith(caller, session, found)
}

const optionsOf = (caller: Caller) => ({signal: caller.signal, notice: (text: string) => caller.notice(text)})

const openWith = ({signal}: Caller, {home}: TargetSession, {http, target}: OpenTarget): OpenAdmin => ({
  admin: createAdminClient(http, target),
  webhooks: createWebhookClient(http, target),
  call: {signal},
  url: target.url,
  home,
})
