import type {Service} from '@omni-cli/sdk'
import {itemView, listView, type Tone, type View} from '@omni-cli/sdk/cli'
import {actView, STATUS_TONE, urlOf} from '../apps/service-view.ts'
import {withoutSecrets} from '../apps/without-secrets.ts'
import {INSTANCE_TONE, instanceKind} from '../resources/instance.ts'
import type {Workload} from './workload.ts'

/** What an act answers: the thing for one, all of them for several. Services alone look as they always do. */
export function workloadsView(workloads: readonly Workload[], verb: string): View<Service> | View<Workload> | View {
  const services = workloads.flatMap((workload) => (workload.kind === 'service' ? [workload.state] : []))
  if (services.length === workloads.length) return actView(services, verb)
  const [first, ...others] = workloads
  if (first !== undefined && others.length === 0) {
    return itemView({
      data: dataOf(first),
      ref: first.ref,
      text: () => {
        const status = first.state.status === verb ? '' : `  ${first.state.status}`
        const address = addressOf(first)
        return [
          [['✔ ', 'good'], `${first.name} ${verb}`, [status, toneOf(first)], address === '' ? '' : `  ${address}`],
        ]
      },
    })
  }
  return listView({
    rows: workloads,
    ref: ({ref}) => ref,
    data: dataOf,
    empty: 'there are no instances',
    columns: [
      {header: 'KIND', value: ({kind}) => kind},
      {header: 'NAME', value: ({name}) => name},
      {header: 'STATUS', value: ({state}) => state.status, tone: toneOf},
      {header: 'ADDRESS', value: addressOf},
    ],
  })
}

const dataOf = (workload: Workload): object =>
  workload.kind === 'service'
    ? withoutSecrets(workload.state)
    : (instanceKind.withoutSecrets?.(workload.state) ?? workload.state)

const toneOf = (workload: Workload): Tone =>
  workload.kind === 'service' ? STATUS_TONE[workload.state.status] : INSTANCE_TONE[workload.state.status]

const addressOf = (workload: Workload): string =>
  workload.kind === 'service' ? urlOf(workload.state) : (workload.state.addresses[0] ?? '')
