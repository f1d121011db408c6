import {type ApiObject, type CallOptions, type ClusterCapacity, isOmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {fieldsAt, textMapAt, wordOf} from '../../fields.ts'

/** Nodes whose labels do not tell the model of their devices get that of the AcceleratorClass that selects them. */
export async function withModels(
  capacity: ClusterCapacity,
  client: KubeClient,
  call: CallOptions,
): Promise<ClusterCapacity> {
  const isComplete = capacity.nodes.every(
    ({gpuResource, gpuModel}) => gpuResource === undefined || gpuModel !== undefined,
  )
  if (isComplete) return capacity
  const classes = await acceleratorClasses(client, call)
  const nodes = capacity.nodes.map((node) => {
    if (node.gpuResource === undefined || node.gpuModel !== undefined) return node
    const own = classes.find((entry) => selects(entry, node.labels))
    return own === undefined ? node : {...node, gpuModel: wordOf(fieldsAt(own.spec).model) ?? own.metadata.name}
  })
  return {...capacity, nodes}
}

async function acceleratorClasses(client: KubeClient, call: CallOptions): Promise<readonly ApiObject[]> {
  try {
    const kind = await client.findKind({apiVersion: 'ome.io/v1beta1', kind: 'AcceleratorClass'}, call)
    return kind === undefined ? [] : await client.list(kind, call)
  } catch (error) {
    // The amounts are true without the names.
    if (isOmniError(error) && error.code === 'FORBIDDEN') return []
    throw error
  }
}

function selects({spec}: ApiObject, labels: Readonly<Record<string, string>>): boolean {
  const selector = Object.entries(textMapAt(fieldsAt(spec, 'discovery').nodeSelector))
  return selector.length > 0 && selector.every(([key, value]) => labels[key] === value)
}
