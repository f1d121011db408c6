import type {ObjectKind} from '@omni-cli/sdk'

/** Versions of a group, the preferred one first, each with its kinds where the answer holds them. */
export interface FoundGroup {
  readonly group: string
  readonly versions: readonly {readonly apiVersion: string; readonly kinds?: readonly ObjectKind[] | undefined}[]
}

/** Everything in one answer where the server can (1.26 on), else the names of the groups. */
export const GROUPS_ACCEPT =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'

interface Resource {
  readonly name?: string
  readonly singularName?: string
  readonly kind?: string
  readonly group?: string
  readonly version?: string
  readonly namespaced?: boolean
  readonly shortNames?: readonly string[]
  readonly verbs?: readonly string[]
}

interface AggregatedResource {
  readonly resource?: string
  readonly responseKind?: {readonly kind?: string}
  readonly scope?: string
  readonly singularResource?: string
  readonly shortNames?: readonly string[]
  readonly verbs?: readonly string[]
}

export interface GroupsAnswer {
  readonly kind?: string
  /** Of `/api`. */
  readonly versions?: readonly string[]
  /** Of `/apis`. */
  readonly groups?: readonly {
    readonly name: string
    readonly versions?: readonly {readonly groupVersion: string}[]
    readonly preferredVersion?: {readonly groupVersion: string}
  }[]
  /** Of both, aggregated. */
  readonly items?: readonly {
    readonly metadata?: {readonly name?: string}
    readonly versions?: readonly {
      readonly version: string
      readonly freshness?: string
      readonly resources?: readonly AggregatedResource[]
    }[]
  }[]
}

/** The answer of `/api` or `/apis`, in either form. */
export function groupsIn(answer: GroupsAnswer): readonly FoundGroup[] {
  if (answer.items !== undefined) return answer.items.map(aggregatedGroup)
  const core = answer.versions ?? []
  const groups = (answer.groups ?? []).map(({name, versions = [], preferredVersion}): FoundGroup => {
    const all = versions.map(({groupVersion}) => groupVersion)
    const preferred = preferredVersion?.groupVersion
    const ordered = preferred === undefined ? all : [preferred, ...all.filter((version) => version !== preferred)]
    return {group: name, versions: ordered.map((apiVersion) => ({apiVersion}))}
  })
  return core.length === 0 ? groups : [{group: '', versions: core.map((apiVersion) => ({apiVersion}))}, ...groups]
}

function aggregatedGroup({metadata, versions = []}: NonNullable<GroupsAnswer['items']>[number]): FoundGroup {
  const group = metadata?.name ?? ''
  return {
    group,
    versions: versions.map(({version, freshness, resources = []}) => ({
      apiVersion: group === '' ? version : `${group}/${version}`,
      // What is served by somebody else who does not answer: asked by itself, if ever.
      kinds:
        freshness === 'Stale' ? undefined : resources.flatMap((resource) => aggregatedKind(resource, group, version)),
    })),
  }
}

function aggregatedKind(resource: AggregatedResource, group: string, version: string): ObjectKind[] {
  const {resource: plural, responseKind, scope, singularResource, shortNames = [], verbs = []} = resource
  const kind = responseKind?.kind
  if (plural === undefined || kind === undefined) return []
  const singular = singularResource || kind.toLowerCase()
  return [{group, version, kind, plural, singular, short: shortNames, namespaced: scope === 'Namespaced', verbs}]
}

/** The answer of `/apis/apps/v1`, without the subresources. */
export function kindsIn(
  answer: {readonly resources?: readonly Resource[] | null},
  apiVersion: string,
): readonly ObjectKind[] {
  const slash = apiVersion.indexOf('/')
  const [group, version] = slash === -1 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)]
  return (answer.resources ?? []).flatMap((resource) => {
    const {name, kind, singularName, shortNames = [], namespaced = false, verbs = []} = resource
    if (name === undefined || kind === undefined || name.includes('/')) return []
    return [
      {
        group,
        version,
        kind,
        plural: name,
        singular: singularName || kind.toLowerCase(),
        short: shortNames,
        namespaced,
        verbs,
      },
    ]
  })
}
