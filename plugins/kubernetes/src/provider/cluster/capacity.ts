import type {ApiObject, ClusterCapacity, NodeCapacity} from '@omni-cli/sdk'
import {parseBytes} from '@omni-cli/sdk'
import {amountsIn, isGpu, minus, NONE, podRequest, sumOf} from './amounts.ts'
import {quantityOf} from './quantity.ts'
import {labelsOf, type NodeWire, type PodWire} from './wire.ts'

/** What nodes have and what pods that are not finished have reserved on them. Pure. */
export function capacityOf(nodes: readonly ApiObject[], pods: readonly ApiObject[]): ClusterCapacity {
  const bound = Map.groupBy(pods.filter(isUnfinished), ({spec}: PodWire) => spec?.nodeName ?? '')
  const found = nodes
    .map((node) => nodeCapacity(node, bound.get(node.metadata.name) ?? []))
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en', {numeric: true}))
  const usable = found.filter((node) => node.usable)
  return {
    nodes: found,
    allocatable: sumOf(found.map(({allocatable}) => allocatable)),
    requested: sumOf(found.map(({requested}) => requested)),
    free: sumOf(usable.map(({free}) => free)),
    largestFreeGpus: Math.max(0, ...usable.map(({free}) => free.gpus)),
  }
}

/** It holds what it asked for, or waits for it. */
export const isUnfinished = ({status}: PodWire): boolean => status?.phase !== 'Succeeded' && status?.phase !== 'Failed'

function nodeCapacity(node: NodeWire, pods: readonly PodWire[]): NodeCapacity {
  const labels = labelsOf(node)
  const allocatable = amountsIn(node.status?.allocatable)
  const requested = pods.length === 0 ? NONE : sumOf(pods.map(podRequest))
  const reason = whyUnusable(node)
  return {
    name: node.metadata.name,
    usable: reason === undefined,
    reason,
    labels,
    gpuResource: gpuResourceOf(node),
    gpuModel: firstLabel(labels, MODEL_LABELS),
    gpuMemoryBytes: gpuMemoryOf(labels),
    allocatable,
    requested,
    free: minus(allocatable, requested),
  }
}

/** What Kubernetes itself puts on a node that takes nothing, in the words of `kubectl get nodes` where it has some. */
function whyUnusable({spec, status}: NodeWire): string | undefined {
  const ready = status?.conditions?.find(({type}) => type === 'Ready')?.status
  if (ready !== 'True') return ready === 'False' ? 'NotReady' : 'unknown whether it is ready'
  if (spec?.unschedulable === true) return 'cordoned'
  const taints = (spec?.taints ?? []).filter(({effect}) => effect === 'NoSchedule' || effect === 'NoExecute')
  if (taints.some(({key}) => /^node-role\.kubernetes\.io\/(control-plane|master)$/.test(key)))
    return 'control plane only'
  const trouble = taints.find(({key}) => /^node\.(cloudprovider\.)?kubernetes\.io\//.test(key))
  return trouble?.key.split('/')[1]
}

/** The kind of device that a node has most of; whole ones before slices. */
function gpuResourceOf({status}: NodeWire): string | undefined {
  const devices = Object.entries(status?.allocatable ?? {}).filter(
    ([name, amount]) => isGpu(name) && quantityOf(amount) > 0,
  )
  const whole = devices.filter(([name]) => !name.includes('/mig-'))
  const [most] = (whole.length > 0 ? whole : devices).toSorted(([, a], [, b]) => quantityOf(b) - quantityOf(a))
  return most?.[0]
}

const MODEL_LABELS = [
  'nvidia.com/gpu.product',
  'amd.com/gpu.product-name',
  'beta.amd.com/gpu.product-name',
  'cloud.google.com/gke-accelerator',
  'cloud.google.com/gke-tpu-accelerator',
  'gpu.intel.com/product',
]

const firstLabel = (labels: Readonly<Record<string, string>>, names: readonly string[]): string | undefined =>
  names.map((name) => labels[name]).find((value) => value !== undefined && value !== '')

/** NVIDIA's label counts MiB, AMD's has a unit that means GiB. */
function gpuMemoryOf(labels: Readonly<Record<string, string>>): number | undefined {
  const mib = Number(labels['nvidia.com/gpu.memory'] ?? '')
  if (mib > 0) return mib * 2 ** 20
  const vram = /^(\d+)([GM])i?$/.exec(labels['amd.com/gpu.vram'] ?? '')
  return vram === null ? undefined : parseBytes(`${vram[1]}${vram[2]}i`)
}
