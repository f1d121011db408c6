import type {ServiceSpec} from '@omni-cli/sdk'

const RESOURCES: Readonly<Record<string, string>> = {
  nvidia: 'nvidia.com/gpu',
  amd: 'amd.com/gpu',
  intel: 'gpu.intel.com/i915',
}

/** Name of the devices among the resources of a node; undefined for a vendor that none is known of. */
export const gpuResource = (vendor = 'nvidia'): string | undefined =>
  Object.hasOwn(RESOURCES, vendor.toLowerCase()) ? RESOURCES[vendor.toLowerCase()] : undefined

/** CPU, memory and devices: what a replica is given is also what is kept for it, so that the limit is never out of reach. */
export function resourcesOf({resources}: ServiceSpec) {
  const {cpu, memory, gpu} = resources ?? {}
  const device = gpu === undefined || gpu.count === 0 ? undefined : gpuResource(gpu.vendor)
  const amounts = {
    ...(cpu === undefined ? {} : {cpu: `${Math.ceil(cpu * 1000)}m`}),
    ...(memory === undefined || memory === 0 ? {} : {memory: String(memory)}),
    ...(device === undefined ? {} : {[device]: String(gpu?.count)}),
  }
  return Object.keys(amounts).length === 0 ? {} : {resources: {limits: amounts, requests: amounts}}
}

/** Where pods may run. @param node value of the label kubernetes.io/hostname of `placement.node` */
export function placementOf({placement, resources}: ServiceSpec, node: string | undefined) {
  const selector = {...placement?.labels, ...(node === undefined ? {} : {'kubernetes.io/hostname': node})}
  const {gpu} = resources ?? {}
  const devices = [
    ...(gpu?.model === undefined ? [] : [{key: 'nvidia.com/gpu.product', operator: 'In', values: [gpu.model]}]),
    ...(gpu?.vram_min === undefined || gpu.vram_min === 0
      ? []
      : [{key: 'nvidia.com/gpu.memory', operator: 'Gt', values: [String(gpu.vram_min - 1)]}]),
    ...(placement?.requires_gpu === true ? [{key: 'nvidia.com/gpu.present', operator: 'In', values: ['true']}] : []),
  ]
  const terms = {nodeSelectorTerms: [{matchExpressions: devices}]}
  return {
    ...(Object.keys(selector).length === 0 ? {} : {nodeSelector: selector}),
    ...(devices.length === 0
      ? {}
      : {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: terms}}}),
  }
}
