import {formatDuration} from '@omni-cli/sdk'
import {type ItemView, itemView, type ListView, listView} from '@omni-cli/sdk/cli'
import type {Delivery, Webhook} from './webhook-client.ts'

/** What has to be entered at the forge. */
export interface AddedWebhook {
  readonly repo: string
  readonly service: string
  readonly url: string
  /** Only when it was made here: shown once. */
  readonly secret?: string | undefined
}

export const addedView = (webhook: AddedWebhook): ItemView<AddedWebhook> =>
  itemView({
    data: webhook,
    text: ({repo, service, url, secret}) => [
      `a push to ${repo} redeploys '${service}'; enter at the forge:`,
      `URL           ${url}`,
      'Content type  application/json',
      `Secret        ${secret ?? 'the one of your file'}`,
      'Events        Push',
    ],
    ref: `webhook/${webhook.service}`,
  })

export const webhooksView = (webhooks: readonly Webhook[], now: Date): ListView<Webhook> =>
  listView({
    rows: webhooks,
    ref: ({service_name}) => `webhook/${service_name}`,
    empty: 'there is no webhook',
    columns: [
      {header: 'SERVICE', value: ({service_name}) => service_name},
      {header: 'REPO', value: ({repo}) => repo},
      {header: 'BRANCH', value: ({branch}) => branch},
      {header: 'TAG', value: ({tag}) => tag},
      {header: 'PATHS', value: ({paths}) => paths?.join(' ')},
      {
        header: 'LAST PUSH',
        value: ({last_invocation: last}) => (last === undefined ? undefined : `${outcomeOf(last)}, ${ago(last, now)}`),
        tone: ({last_invocation: last}) => (last === undefined ? 'plain' : last.deployed ? 'good' : 'bad'),
      },
    ],
  })

export const deliveriesView = (deliveries: readonly Delivery[], service: string, now: Date): ListView<Delivery> =>
  listView({
    rows: deliveries,
    ref: ({at}) => `delivery/${service}/${at}`,
    empty: `no push has come for '${service}'`,
    columns: [
      {header: 'AGE', value: (delivery) => ago(delivery, now)},
      {header: 'OUTCOME', value: outcomeOf, tone: ({deployed}) => (deployed ? 'good' : 'bad')},
      {header: 'STATUS', value: ({status_code}) => status_code, align: 'right'},
      {header: 'COMMIT', value: ({commit_sha}) => commit_sha},
      {header: 'REPO', value: ({repo}) => repo},
      {header: 'BRANCH', value: ({branch}) => branch},
      {header: 'ERROR', value: ({error}) => error},
    ],
  })

const outcomeOf = ({deployed}: Delivery): string => (deployed ? 'deployed' : 'failed')

const ago = ({at}: Delivery, now: Date): string => `${formatDuration(Math.max(0, now.getTime() - Date.parse(at)))} ago`
