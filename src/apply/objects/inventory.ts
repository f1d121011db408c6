import {type ApiObject, type CallOptions, isOmniError, type ObjectApi, type ObjectRef} from '@omni-cli/sdk'

/**
 * What the applies of a plan have made is kept in a ConfigMap of the namespace that is worked in, a line an object. Objects themselves
 * carry no mark: a label on a served model would restart its pods.
 */
const nameOf = (plan: string) =>
  `omni-plan-${
    plan
      .toLowerCase()
      .replace(/[^a-z0-9.-]+/g, '-')
      .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '') || 'root'
  }`

/** Objects that come from standard input belong to no plan that could be found again. */
export const keepsInventory = (plan: string): boolean => plan !== 'stdin'

const placeOf = (api: ObjectApi, plan: string): ObjectRef => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace: api.namespace,
  name: nameOf(plan),
})

/** Empty when there is none. */
export async function readInventory(api: ObjectApi, plan: string, options: CallOptions): Promise<readonly ObjectRef[]> {
  const found = await api.get(placeOf(api, plan), options)
  const data = found?.data
  const text = typeof data === 'object' && data !== null && 'objects' in data ? String(data.objects) : ''
  return text.split('\n').flatMap((line) => {
    const [apiVersion, kind, namespace, name] = line.split(' ')
    if (apiVersion === undefined || kind === undefined || namespace === undefined || name === undefined) return []
    return [{apiVersion, kind, ...(namespace === '-' ? {} : {namespace}), name}]
  })
}

/** Writes what the plan has made; nothing to write takes the inventory away. */
export async function writeInventory(
  api: ObjectApi,
  plan: string,
  refs: readonly ObjectRef[],
  options: CallOptions,
): Promise<void> {
  const place = placeOf(api, plan)
  if (refs.length === 0) return api.remove(place, options)
  const {apiVersion, kind, namespace, name} = place
  const lines = refs.map((ref) => [ref.apiVersion, ref.kind, ref.namespace ?? '-', ref.name].join(' '))
  const object: ApiObject = {
    apiVersion,
    kind,
    metadata: {name, namespace},
    data: {objects: [...new Set(lines)].sort().join('\n')},
  }
  await api.apply(object, {...options, force: true})
}

/** One object, whatever version of its kind it is told in. */
export const inventoryKey = ({apiVersion, kind, namespace = '', name}: ObjectRef): string =>
  JSON.stringify([apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '', kind, namespace, name])

/** The namespace is made by the files themselves, or may not be written to: then there is nothing to remember in. */
export const isNoPlace = (error: unknown): boolean =>
  isOmniError(error) && (error.code === 'NOT_FOUND' || error.code === 'FORBIDDEN')
