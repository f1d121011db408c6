import {type ApiObject, type CallOptions, isOmniError, type ObjectRef} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {groupOf, isMap, listAt, mapAt, textAt} from './values.ts'

/** See `ObjectApi.dependants`. What may not be listed here is passed over. */
export async function dependantsOf(
  client: KubeClient,
  ref: ObjectRef,
  options: CallOptions = {},
): Promise<readonly ObjectRef[]> {
  const uses = USES.find(({kinds, group}) => kinds.includes(ref.kind) && group === groupOf(ref.apiVersion))
  if (uses === undefined) return []
  const found = await Promise.all(uses.by.map((user) => usersOf(client, ref, {...options, user, uses})))
  return found.flat()
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

async function usersOf(
  client: KubeClient,
  ref: ObjectRef,
  {user, uses, signal}: CallOptions & {readonly user: User; readonly uses: Use},
): Promise<ObjectRef[]> {
  const kind = await client.findKind(user, {signal})
  if (kind === undefined) return []
  const place = ref.namespace === undefined ? {allNamespaces: true} : {namespace: ref.namespace}
  const objects = await client.list(kind, {...place, signal}).catch((error: unknown) => {
    if (isOmniError(error) && error.code === 'FORBIDDEN') return []
    throw error
  })
  return objects
    .map((object): ApiObject => ({...object, ...user}))
    .filter((object) => isMap(object.spec) && uses.isUsing(object, ref))
    .map(({metadata: {namespace, name}}) => ({...user, namespace, name}))
}
