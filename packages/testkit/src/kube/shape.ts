import {isMap, type JsonMap} from './objects.ts'
import type {Schema} from './schema.ts'

/** How the parts of a value are merged: by the schema of a custom resource, else by the names of the fields. */
export interface Shape {
  readonly schema?: Schema | undefined
  readonly field: string
}

export const into = ({schema}: Shape, field: string): Shape => {
  const others = schema?.additionalProperties
  return {schema: schema?.properties?.[field] ?? (typeof others === 'object' ? others : undefined), field}
}

export const intoItem = ({schema, field}: Shape): Shape => ({schema: schema?.items, field})

/** Keys of the items of lists in built-in kinds. */
const LISTS: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  imagePullSecrets: ['name'],
  secrets: ['name'],
  hostAliases: ['ip'],
  conditions: ['type'],
  ownerReferences: ['uid'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
}
const SETS = ['finalizers']
const ATOMIC_MAPS = ['selector', 'nodeSelector', 'matchLabels', 'matchExpressions', 'resourceFieldRef', 'secretKeyRef']

/** `atomic` lists are replaced whole, `set` ones hold values, the others are maps by these keys. */
export function listOf({schema, field}: Shape, list: readonly unknown[]): 'atomic' | 'set' | readonly string[] {
  if (schema !== undefined && field !== 'ownerReferences' && field !== 'finalizers') {
    if (schema['x-kubernetes-list-type'] === 'map') return schema['x-kubernetes-list-map-keys'] ?? 'atomic'
    return schema['x-kubernetes-list-type'] === 'set' ? 'set' : 'atomic'
  }
  if (SETS.includes(field)) return 'set'
  const [first] = list
  if (field === 'ports' && isMap(first))
    return 'containerPort' in first ? ['containerPort', 'protocol'] : ['port', 'protocol']
  return (Object.hasOwn(LISTS, field) ? LISTS[field] : undefined) ?? 'atomic'
}

export const isAtomicMap = ({schema, field}: Shape): boolean =>
  schema === undefined ? ATOMIC_MAPS.includes(field) : schema['x-kubernetes-map-type'] === 'atomic'

/** `{"name":"web"}` of an item of a list. */
export function itemKey(item: unknown, keys: readonly string[]): string {
  const preset: JsonMap = {protocol: 'TCP'}
  const of: JsonMap = isMap(item) ? item : {}
  return JSON.stringify(Object.fromEntries(keys.map((key) => [key, of[key] ?? preset[key]])))
}
