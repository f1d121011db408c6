import {type ApiObject, type CallOptions, isOmniError, mapLimit, type ObjectRef} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {groupOf, isMap, listAt, mapAt, textAt} from './values.ts'

/** See `ObjectApi.dependants`. Each kind of users is listed once a namespace, however many are asked about. */
export async function dependantsOf(
  client: KubeClient,
  refs: readonly ObjectRef[],
  options: CallOptions = {},
): Promise<readonly (readonly ObjectRef[])[]> {
  const lists = new Map<string, Promise<readonly ApiObject[]>>()
  const listed = (user: User, namespace: string | undefined) => {
    const key = `${user.apiVersion} ${user.kind} ${namespace ?? ''}`
    const known = lists.get(key) ?? listUsers(client, user, {...options, namespace})
    lists.set(key, known)
    return known
  }
  return mapLimit(refs, 16, async (ref) => {
    const uses = USES.find(({kinds, group}) => kinds.includes(ref.kind) && group === groupOf(ref.apiVersion))
    const found = await Promise.all((uses?.by ?? []).map((user) => listed(user, ref.namespace)))
    return found
      .flat()
      .filter((object) => isMap(object.spec) && uses?.isUsing(object, ref) === true)
      .map(({apiVersion, kind, metadata: {namespace, name}}) => ({apiVersion, kind, namespace, name}))
  })
}

interface User {
  readonly apiVersion: string
  readonly kind: string
}

interface Use {
  readonly group: string
  readonly kinds: readonly string[]
  readonly by: readonly User[]
  /** Whether the object uses what the reference names. */
  isUsing(object: ApiObject, ref: ObjectRef): boolean
}

const INFERENCE: User = {apiVersion: 'ome.io/v1beta1', kind: 'InferenceService'}
const WORKLOADS: readonly User[] = [
  {apiVersion: 'apps/v1', kind: 'Deployment'},
  {apiVersion: 'apps/v1', kind: 'StatefulSet'},
  {apiVersion: 'apps/v1', kind: 'DaemonSet'},
  {apiVersion: 'batch/v1', kind: 'Job'},
]

const USES: readonly Use[] = [
  {
    group: 'ome.io',
    kinds: ['BaseModel', 'ClusterBaseModel'],
    by: [INFERENCE],
    isUsing: (object, {kind, name}) => {
      const model = mapAt(object, 'spec', 'model')
      return model.name === name && (model.kind ?? 'ClusterBaseModel') === kind
    },
  },
  {
    group: 'ome.io',
    kinds: ['ServingRuntime', 'ClusterServingRuntime'],
    by: [INFERENCE, {apiVersion: 'apps/v1', kind: 'Deployment'}],
    isUsing: (object, {name}) =>
      object.kind === 'InferenceService'
        ? textAt(object, 'spec', 'runtime', 'name') === name
        : textAt(object.metadata, 'annotations', 'ome.io/serving-runtime') === name,
  },
  {
    group: 'ome.io',
    kinds: ['FineTunedWeight'],
    by: [INFERENCE],
    isUsing: (object, {name}) => listAt(object, 'spec', 'model', 'fineTunedWeights').includes(name),
  },
  {
    group: '',
    kinds: ['Secret'],
    by: WORKLOADS,
    isUsing: (object, {name}) => partsOf(object).some((part) => usesSecret(part, name)),
  },
  {
    group: '',
    kinds: ['ConfigMap'],
    by: WORKLOADS,
    isUsing: (object, {name}) => partsOf(object).some((part) => usesConfigMap(part, name)),
  },
  {
    group: '',
    kinds: ['PersistentVolumeClaim'],
    by: WORKLOADS,
    isUsing: (object, {name}) =>
      partsOf(object).some((part) => textAt(part, 'persistentVolumeClaim', 'claimName') === name),
  },
  {
    group: '',
    kinds: ['ServiceAccount'],
    by: WORKLOADS,
    isUsing: (object, {name}) => textAt(object, 'spec', 'template', 'spec', 'serviceAccountName') === name,
  },
]

/** Volumes, variables and pull secrets of the pods. */
function partsOf(object: ApiObject): unknown[] {
  const pod = mapAt(object, 'spec', 'template', 'spec')
  const containers = [...listAt(pod, 'containers'), ...listAt(pod, 'initContainers')]
  const variables = containers.flatMap((one) => [
    ...listAt(one, 'envFrom'),
    ...listAt(one, 'env').map((variable) => mapAt(variable, 'valueFrom')),
  ])
  const volumes = listAt(pod, 'volumes')
  const projected = volumes.flatMap((volume) => listAt(volume, 'projected', 'sources'))
  const pulls = listAt(pod, 'imagePullSecrets').map((secretRef) => ({secretRef}))
  return [...volumes, ...projected, ...variables, ...pulls]
}

const usesSecret = (part: unknown, name: string): boolean =>
  [
    textAt(part, 'secret', 'secretName'),
    textAt(part, 'secret', 'name'),
    textAt(part, 'secretRef', 'name'),
    textAt(part, 'secretKeyRef', 'name'),
  ].includes(name)

const usesConfigMap = (part: unknown, name: string): boolean =>
  ['configMap', 'configMapRef', 'configMapKeyRef'].some((key) => textAt(part, key, 'name') === name)

async function listUsers(
  client: KubeClient,
  user: User,
  {namespace, signal}: CallOptions & {readonly namespace: string | undefined},
): Promise<readonly ApiObject[]> {
  const kind = await client.findKind(user, {signal})
  if (kind === undefined) return []
  const place = namespace === undefined ? {allNamespaces: true} : {namespace}
  const objects = await client.list(kind, {...place, signal}).catch((error: unknown) => {
    if (isOmniError(error) && error.code === 'FORBIDDEN') return []
    throw error
  })
  return objects.map((object): ApiObject => ({...object, ...user}))
}
