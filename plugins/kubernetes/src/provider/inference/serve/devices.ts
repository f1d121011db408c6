import type {Accelerator, ClusterCapacity, NodeCapacity} from '@omni-cli/sdk'

export interface DeviceWish {
  /** Devices of one pod: they must be on one node. */
  readonly perPod: number
  readonly pods: number
}

/** Why the devices are not there now: `need 4, largest free 2 on n7`; undefined when they are, or none are needed. */
export function deviceObstacle(capacity: ClusterCapacity, {perPod, pods}: DeviceWish): string | undefined {
  if (perPod === 0 || pods === 0) return undefined
  const nodes = capacity.nodes.filter(({usable}) => usable)
  const room = nodes.reduce((total, {free}) => total + Math.floor(free.gpus / perPod), 0)
  if (room >= pods) return undefined
  const most = largest(nodes)
  const where =
    most === undefined || most.free.gpus === 0
      ? 'no node has a free one'
      : `largest free ${most.free.gpus} on ${most.name}`
  const never = nodes.every(({allocatable}) => allocatable.gpus < perPod) ? `; no node has ${perPod} at all` : ''
  if (pods === 1) return `need ${devices(perPod)}, ${where}${never}`
  return `need ${devices(perPod)} for each of ${pods} pods, there is room for ${room} (${where})${never}`
}

const devices = (count: number): string => (count === 1 ? '1 device' : `${count} devices`)

const largest = (nodes: readonly NodeCapacity[]): NodeCapacity | undefined =>
  nodes.toSorted((a, b) => b.free.gpus - a.free.gpus)[0]

/** Price of one device for an hour: that of the class that is asked for, else the one that all fitting devices share. */
export function devicePrice(
  accelerators: readonly Accelerator[],
  {accelerator, perPod}: {readonly accelerator?: string | undefined; readonly perPod: number},
): number | undefined {
  const fitting = accelerators.filter(({name, total}) =>
    accelerator === undefined ? total > 0 && total >= perPod : name === accelerator,
  )
  const [first, ...others] = new Set(fitting.map(({perHour}) => perHour))
  return others.length === 0 ? first : undefined
}
