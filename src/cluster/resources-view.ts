import {formatBytes, type WorkloadRequests} from '@omni-cli/sdk'
import {listView, type View} from '@omni-cli/sdk/cli'

/** Who has reserved what. */
export const resourcesView = (workloads: readonly WorkloadRequests[]): View =>
  listView<WorkloadRequests>({
    rows: workloads,
    columns: [
      {header: 'NAMESPACE', value: ({namespace}) => namespace},
      {header: 'WORKLOAD', value: ({ref}) => ref},
      {header: 'PODS', value: ({pods}) => pods, align: 'right'},
      {header: 'GPUS', value: ({requested}) => requested.gpus || undefined, align: 'right'},
      {header: 'CPUS', value: ({requested}) => requested.cpus || undefined, align: 'right'},
      {header: 'MEMORY', value: ({requested}) => memoryText(requested.memoryBytes), align: 'right'},
      {header: 'NODES', value: ({nodes}) => nodes.join(','), wide: true},
    ],
    ref: ({ref}) => ref,
    empty: 'no pod runs or waits',
  })

const memoryText = (bytes: number): string | undefined => (bytes === 0 ? undefined : formatBytes(bytes))
