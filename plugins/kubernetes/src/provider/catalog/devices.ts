import {type Accelerator, type CallOptions, isOmniError, type NodeCapacity} from '@omni-cli/sdk'
import type {DevicePool} from '../../ome/runtime-fit.ts'
import {accelerators, type DeviceSources} from './accelerators.ts'
import {ACCELERATOR_CLASS, listServed} from './kinds.ts'

/** Devices of usable nodes, by class; undefined when this user may not look at nodes. */
export async function devicePools(sources: DeviceSources, call: CallOptions): Promise<DevicePool[] | undefined> {
  try {
    const [classes, {nodes}] = await Promise.all([
      listServed(sources.client, ACCELERATOR_CLASS, {...call, whole: true}),
      sources.capacity(call),
    ])
    return poolsOf(accelerators(classes ?? [], nodes), nodes)
  } catch (error) {
    if (isOmniError(error) && error.code === 'FORBIDDEN') return undefined
    throw error
  }
}

/** Two classes may claim the same node; both are pools then. */
export const poolsOf = (classes: readonly Accelerator[], nodes: readonly NodeCapacity[]): DevicePool[] =>
  classes.flatMap((one) => {
    const own = nodes.filter(({name, usable}) => usable && one.nodes.includes(name))
    if (own.length === 0) return []
    return {
      name: one.name,
      gpuMemoryBytes: one.memoryBytes,
      nodes: own.map(({name, free, allocatable}) => ({name, free: free.gpus, total: allocatable.gpus})),
    }
  })
