import type {KubeObject} from '../objects.ts'
import type {Cluster} from './cluster.ts'

/** Why an inference service cannot be deployed, in the words of its status. */
export interface Refusal {
  readonly reason: 'BaseModelNotFound' | 'RuntimeNotRecognized' | 'RuntimeDisabled' | 'NoSupportingRuntime'
  readonly event: 'ModelReconcileError' | 'RuntimeValidationError' | 'RuntimeSelectionError'
  readonly message: string
}

export const isRefusal = (found: KubeObject | Refusal): found is Refusal => 'reason' in found && 'event' in found

const API = '/apis/ome.io/v1beta1'

/** The model that a service names: one of its namespace first. */
export async function findModel(cluster: Cluster, service: KubeObject): Promise<KubeObject | Refusal> {
  const {namespace} = service.metadata
  const name: string = service.spec.model?.name ?? ''
  const found =
    (await cluster.get(`${API}/namespaces/${namespace}/basemodels/${name}`)) ??
    (await cluster.get(`${API}/clusterbasemodels/${name}`))
  const message = `failed to find base model ${name} in namespace ${namespace} or at the cluster scope`
  return found ?? {reason: 'BaseModelNotFound', event: 'ModelReconcileError', message}
}

/** The runtime that a service names, or the first that says it takes the format and the architecture of the model by itself. */
export async function chooseRuntime(
  cluster: Cluster,
  service: KubeObject,
  model: KubeObject,
  isCandidate: (name: string) => boolean,
): Promise<KubeObject | Refusal> {
  const {namespace} = service.metadata
  const ofNamespace = `${API}/namespaces/${namespace}/servingruntimes`
  const ofCluster = `${API}/clusterservingruntimes`
  const named: string | undefined = service.spec.runtime?.name
  if (named !== undefined) {
    const found = (await cluster.get(`${ofNamespace}/${named}`)) ?? (await cluster.get(`${ofCluster}/${named}`))
    if (found === undefined) {
      return {reason: 'RuntimeNotRecognized', event: 'RuntimeValidationError', message: `runtime ${named} not found`}
    }
    const message = `runtime ${named} is disabled`
    return found.spec.disabled === true ? {reason: 'RuntimeDisabled', event: 'RuntimeValidationError', message} : found
  }
  const all = [...(await cluster.list(ofNamespace)), ...(await cluster.list(ofCluster))]
  const candidates = all.filter(({metadata}) => isCandidate(metadata.name))
  const [first] = candidates.filter((runtime) => takesByItself(runtime, model)).toSorted(byPriority)
  const format = model.spec.modelFormat?.name ?? ''
  const message = `no runtime found to support model ${model.metadata.name} with format ${format} in namespace ${namespace}. Checked ${candidates.length} runtimes`
  return first ?? {reason: 'NoSupportingRuntime', event: 'RuntimeSelectionError', message}
}

interface Format {
  readonly modelFormat?: {readonly name: string} | undefined
  readonly modelArchitecture?: string | undefined
  readonly autoSelect?: boolean | undefined
  readonly priority?: number | undefined
}

const formatsOf = ({spec}: KubeObject): readonly Format[] => spec.supportedModelFormats ?? []

function takesByItself(runtime: KubeObject, {spec}: KubeObject): boolean {
  if (runtime.spec.disabled === true) return false
  return formatsOf(runtime).some(
    ({modelFormat, modelArchitecture, autoSelect}) =>
      autoSelect === true &&
      modelFormat?.name === spec.modelFormat?.name &&
      modelArchitecture === spec.modelArchitecture,
  )
}

const priorityOf = (runtime: KubeObject): number => Math.max(...formatsOf(runtime).map(({priority = 1}) => priority))

const byPriority = (a: KubeObject, b: KubeObject): number =>
  priorityOf(b) - priorityOf(a) || (a.metadata.name < b.metadata.name ? -1 : 1)
