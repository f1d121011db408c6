import {parseBytes} from '@omni-cli/sdk'
import {at, fieldsAt, listAt} from '../../fields.ts'

/** Devices that do the computing: `nvidia.com/gpu`, `amd.com/gpu`, `gpu.intel.com/i915`, slices of devices. */
export const isGpuResource = (resource: string): boolean => /\/gpu$|^gpu\.|\/mig-/.test(resource)

export interface PodNeeds {
  readonly gpus: number
  readonly memoryBytes: number
}

const amount = (value: unknown): string => (typeof value === 'number' || typeof value === 'string' ? String(value) : '')

/** Devices of one container: its limits, else its requests. */
export function containerGpus(container: unknown): number {
  for (const part of ['limits', 'requests']) {
    const given = Object.entries(fieldsAt(container, 'resources', part)).filter(([key]) => isGpuResource(key))
    const sum = given.reduce((total, [, value]) => total + (Number(amount(value)) || 0), 0)
    if (sum > 0) return sum
  }
  return 0
}

/** Memory that one container asks for: its requests, else its limits. */
export function containerMemory(container: unknown): number {
  const wanted = at(container, 'resources', 'requests', 'memory') ?? at(container, 'resources', 'limits', 'memory')
  return parseBytes(amount(wanted)) ?? 0
}

/** What the containers of a pod need together; `podSpec` is that of a pod or of a template. */
export function podNeeds(podSpec: unknown): PodNeeds {
  const containers = listAt(podSpec, 'containers')
  return {
    gpus: containers.reduce<number>((total, container) => total + containerGpus(container), 0),
    memoryBytes: containers.reduce<number>((total, container) => total + containerMemory(container), 0),
  }
}

export const addNeeds = (a: PodNeeds, b: PodNeeds, times: number): PodNeeds => ({
  gpus: a.gpus + times * b.gpus,
  memoryBytes: a.memoryBytes + times * b.memoryBytes,
})
