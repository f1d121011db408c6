import type {Accelerator, ApiObject, CallOptions, ClusterCapacity, NodeCapacity} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {countOf, fieldsAt, textMapAt, wordOf} from '../../fields.ts'
import {quantityOf} from '../cluster/quantity.ts'
import {ACCELERATOR_CLASS, listServed, type Notice} from './kinds.ts'

export interface DeviceSources {
  readonly client: KubeClient
  capacity(options: CallOptions): Promise<ClusterCapacity>
  /** What the user says devices cost, by class or model. */
  readonly prices: Readonly<Record<string, number>>
  readonly notice?: Notice | undefined
}

/** Classes that are declared, then those that only the nodes tell of. */
export async function listAccelerators(sources: DeviceSources, call: CallOptions = {}): Promise<Accelerator[]> {
  const {client, prices} = sources
  const [classes, capacity] = await Promise.all([
    listServed(client, ACCELERATOR_CLASS, {...call, whole: true}),
    sources.capacity(call),
  ])
  return accelerators(classes ?? [], capacity.nodes, prices)
}

/** Which devices there are, by the classes that are declared and the nodes as they are. Pure. */
export function accelerators(
  classes: readonly ApiObject[],
  nodes: readonly NodeCapacity[],
  prices: Readonly<Record<string, number>> = {},
): Accelerator[] {
  const having = nodes.filter(({allocatable}) => allocatable.gpus > 0)
  const declared = classes.map((object) => declaredClass(object, having, prices))
  const claimed = new Set(declared.flatMap((one) => one.nodes))
  const others = Map.groupBy(
    having.filter(({name}) => !claimed.has(name)),
    modelOfNode,
  )
  const found = [...others].map(([name, group]) => ({
    ...{name, model: group[0]?.gpuModel, vendor: vendorOf(group[0]?.gpuResource)},
    memoryBytes: leastMemory(group),
    ...counts(group),
    perHour: prices[name],
    declared: false,
  }))
  return [...declared, ...found].toSorted((a, b) => a.name.localeCompare(b.name))
}

function declaredClass(
  {metadata, spec}: ApiObject,
  nodes: readonly NodeCapacity[],
  prices: Readonly<Record<string, number>>,
): Accelerator {
  const fields = fieldsAt(spec)
  const selector = Object.entries(textMapAt(fieldsAt(spec, 'discovery').nodeSelector))
  // A class that selects nothing would own every node.
  const own =
    selector.length === 0 ? [] : nodes.filter(({labels}) => selector.every(([key, value]) => labels[key] === value))
  const model = wordOf(fields.model)
  return {
    ...{name: metadata.name, vendor: wordOf(fields.vendor), family: wordOf(fields.family), model},
    memoryBytes: quantity(fieldsAt(spec, 'capabilities').memoryGB) ?? leastMemory(own),
    ...counts(own),
    perHour: amount(fieldsAt(spec, 'cost').perHour) ?? prices[metadata.name] ?? prices[model ?? ''],
    declared: true,
  }
}

function counts(
  nodes: readonly NodeCapacity[],
): Pick<Accelerator, 'nodes' | 'total' | 'used' | 'free' | 'largestFree'> {
  const usable = nodes.filter((node) => node.usable)
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  return {
    nodes: nodes.map(({name}) => name),
    total: sum(nodes.map(({allocatable}) => allocatable.gpus)),
    used: sum(nodes.map(({requested}) => requested.gpus)),
    free: sum(usable.map(({free}) => free.gpus)),
    largestFree: Math.max(0, ...usable.map(({free}) => free.gpus)),
  }
}

const modelOfNode = ({gpuModel, gpuResource}: NodeCapacity): string => gpuModel ?? gpuResource ?? 'unknown'

/** Nodes of one class may differ: the smallest counts. */
function leastMemory(nodes: readonly NodeCapacity[]): number | undefined {
  const known = nodes.flatMap(({gpuMemoryBytes}) => gpuMemoryBytes ?? [])
  return known.length === 0 ? undefined : Math.min(...known)
}

const vendorOf = (resource: string | undefined): string | undefined => resource?.split('/')[0]?.split('.').at(-2)

const amount = (value: unknown): number | undefined => quantityOf(value) || undefined

/** Memory; a bare number below a million is meant in gigabytes, as the name of the field says. */
function quantity(value: unknown): number | undefined {
  const bytes = amount(value)
  if (bytes === undefined || bytes <= 0) return undefined
  return bytes < 1e6 && countOf(value) !== undefined ? bytes * 1024 ** 3 : bytes
}
