import {type ServedKind, versionOf} from './kinds.ts'
import type {JsonMap} from './objects.ts'
import type {Schema} from './schema.ts'
import type {Store} from './store.ts'

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

export const VERSION = {
  major: '1',
  minor: '20',
  gitVersion: 'v1.20.2',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2021-01-13T13:20:00Z',
  goVersion: 'go1.15.5',
  compiler: 'gc',
  platform: 'linux/amd64',
}

/** What is said about the API itself; undefined for other paths. */
export function discover(path: string, store: Store, extraGroups: readonly string[]): JsonMap | string | undefined {
  if (path === '/version') return VERSION
  if (/^\/(healthz|readyz|livez)$/.test(path)) return 'ok'
  if (path === '/api') return {kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: []}
  if (path === '/apis') return {kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(store, extraGroups)}
  if (path === '/openapi/v2') return openApi(store)
  const [, group] = /^\/apis\/([^/]+)$/.exec(path) ?? []
  if (group !== undefined) return groupsOf(store, extraGroups).find(({name}) => name === group)
  const [, core, other] = /^\/(?:api\/(v1)|apis\/([^/]+\/[^/]+))$/.exec(path) ?? []
  const groupVersion = core ?? other
  const kinds = store.kinds.filter((kind) => versionOf(kind) === groupVersion)
  if (groupVersion === undefined || kinds.length === 0) return undefined
  return {kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: kinds.flatMap(resourcesOf)}
}

function groupsOf(store: Store, extra: readonly string[]): JsonMap[] {
  const versions = [...new Set([...store.kinds.filter(({group}) => group !== '').map(versionOf), ...extra])]
  const names = [...new Set(versions.map((version) => version.split('/')[0] ?? ''))]
  return names.map((name) => {
    const of = versions
      .filter((version) => version.startsWith(`${name}/`))
      .map((groupVersion) => ({groupVersion, version: groupVersion.slice(name.length + 1)}))
    return {name, versions: of, ...(of[0] === undefined ? {} : {preferredVersion: of[0]})}
  })
}

function resourcesOf({
  plural,
  singular,
  kind,
  short,
  categories,
  namespaced,
  subresources,
  isReview,
  schema,
}: ServedKind): JsonMap[] {
  const own = {
    name: plural,
    // Only those of custom kinds have a name in the singular.
    singularName: schema === undefined ? '' : singular,
    namespaced,
    kind,
    verbs: isReview === true ? ['create'] : VERBS,
    ...(short.length === 0 ? {} : {shortNames: [...short]}),
    ...(categories.length === 0 ? {} : {categories: [...categories]}),
  }
  const parts = subresources.map((part) => ({
    name: `${plural}/${part}`,
    singularName: '',
    namespaced,
    kind: part === 'scale' ? 'Scale' : kind,
    ...(part === 'scale' ? {group: 'autoscaling', version: 'v1'} : {}),
    verbs: part === 'log' ? ['get'] : ['get', 'patch', 'update'],
  }))
  return [own, ...parts]
}

/** Definitions of the kinds; those of built-in ones say no more than that they are objects. */
function openApi(store: Store): JsonMap {
  const definitions = store.kinds.map((kind) => {
    const {group, version, kind: name, schema} = kind
    const id = `${(group || 'io.k8s.api.core').split('.').reverse().join('.')}.${version}.${name}`
    const named = [{group, version, kind: name}]
    const free: Schema = {type: 'object', 'x-kubernetes-preserve-unknown-fields': true}
    return [id, {...(schema ?? free), 'x-kubernetes-group-version-kind': named} as unknown as JsonMap] as const
  })
  return {
    swagger: '2.0',
    info: {title: 'Kubernetes', version: VERSION.gitVersion},
    paths: {},
    definitions: Object.fromEntries(definitions),
  }
}
