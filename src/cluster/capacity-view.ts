import {type Amounts, type ClusterCapacity, formatBytes, type NodeCapacity} from '@omni-cli/sdk'
import {itemView, listView, type View} from '@omni-cli/sdk/cli'

/** A node, or the sum of them. */
type Row = Pick<NodeCapacity, 'name' | 'usable' | 'allocatable' | 'free'> & Partial<NodeCapacity>

/** Free of all, for a person. The sum is the last row; programs get the whole. */
export function capacityView(capacity: ClusterCapacity, options: {readonly isTable: boolean}): View {
  const {nodes, allocatable, free} = capacity
  const names = nodes.map(({name}) => `node/${name}`)
  if (!options.isTable) return itemView({data: capacity, text: () => [], ref: names})
  const total: Row = {name: 'TOTAL', usable: true, allocatable, free}
  return listView<Row>({
    rows: nodes.length < 2 ? nodes : [...nodes, total],
    columns: [
      {header: 'NODE', value: ({name}) => name},
      {
        header: 'STATUS',
        value: (row) => (row === total ? undefined : (row.reason ?? 'ready')),
        tone: ({usable}) => (usable ? 'good' : 'bad'),
      },
      {header: 'GPUS', value: share(({gpus}) => gpus), align: 'right'},
      {header: 'MODEL', value: ({gpuModel, gpuResource}) => gpuModel ?? gpuResource},
      {header: 'GPU-MEMORY', value: ({gpuMemoryBytes}) => bytesText(gpuMemoryBytes), align: 'right', wide: true},
      {header: 'CPUS', value: share(({cpus}) => cpus), align: 'right'},
      {header: 'MEMORY', value: share(({memoryBytes}) => memoryBytes, formatBytes), align: 'right'},
      {header: 'PODS', value: share(({pods}) => pods), align: 'right', wide: true},
    ],
    ref: ({name}) => `node/${name}`,
    empty: 'the cluster has no node',
  })
}

/** What a pod can have at most; undefined where there are no devices. */
export const largestText = ({allocatable, free, largestFreeGpus}: ClusterCapacity): string | undefined =>
  allocatable.gpus === 0
    ? undefined
    : `GPUs: ${number(free.gpus)} of ${number(allocatable.gpus)} free, at most ${number(largestFreeGpus)} on one node`

const share =
  (amount: (amounts: Amounts) => number, text: (value: number) => string = number) =>
  ({allocatable, free}: Row): string | undefined =>
    amount(allocatable) === 0 ? undefined : `${text(amount(free))}/${text(amount(allocatable))}`

/** At most two digits behind the point. */
const number = (value: number): string => String(Math.round(value * 100) / 100)

const bytesText = (bytes: number | undefined): string | undefined =>
  bytes === undefined ? undefined : formatBytes(bytes)
