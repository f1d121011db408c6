import type {ApiObject} from '@omni-cli/sdk'

/** Amounts by the name of a resource: `cpu`, `memory`, `nvidia.com/gpu`. */
export type Resources = Readonly<Record<string, string | number>>

export interface ContainerWire {
  readonly resources?: {readonly requests?: Resources; readonly limits?: Resources}
  readonly restartPolicy?: string
}

/** What capacity needs of a pod. */
export interface PodWire extends ApiObject {
  readonly spec?: {
    readonly nodeName?: string
    readonly containers?: readonly ContainerWire[]
    readonly initContainers?: readonly ContainerWire[]
    readonly overhead?: Resources
    readonly resources?: ContainerWire['resources']
  }
  readonly status?: {readonly phase?: string}
}

export interface NodeWire extends ApiObject {
  readonly spec?: {
    readonly unschedulable?: boolean
    readonly taints?: readonly {readonly key: string; readonly effect?: string}[]
  }
  readonly status?: {
    readonly allocatable?: Resources
    readonly conditions?: readonly {readonly type: string; readonly status: string}[]
  }
}

/** Labels, whatever the object has for them. */
export function labelsOf({metadata}: ApiObject): Readonly<Record<string, string>> {
  const {labels} = metadata
  if (typeof labels !== 'object' || labels === null) return {}
  return Object.fromEntries(
    Object.entries(labels).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )
}
