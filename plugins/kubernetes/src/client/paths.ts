import type {ObjectKind, ObjectListOptions} from '@omni-cli/sdk'

/** `apps/v1`, `v1` */
export const apiVersionOf = ({group, version}: Pick<ObjectKind, 'group' | 'version'>): string =>
  group === '' ? version : `${group}/${version}`

/** `/api/v1`, `/apis/apps/v1` */
export const groupPath = (apiVersion: string): string =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`

/** Of a collection, or of one object; without a namespace: over all of them. */
export function kindPath(
  kind: ObjectKind,
  {namespace, name}: {readonly namespace?: string | undefined; readonly name?: string | undefined} = {},
): string {
  const inside = kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`
  return `${groupPath(apiVersionOf(kind))}${inside}/${kind.plural}${object}`
}

/** What a list is narrowed to. */
export function selectionOf({labels, fields}: ObjectListOptions): Record<string, string | undefined> {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return {labelSelector: pairs.length === 0 ? undefined : pairs.join(','), fieldSelector: fields}
}
