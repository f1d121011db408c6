import type {InstanceSpec, NetworkSpec, ProfileSpec} from '../../specs/instance.ts'
import type {ServiceSpec} from '../../specs/service.ts'
import type {FoundProblem, Problem} from './problem.ts'
import type {TreePath} from './tree.ts'

/** Line and column, from 1, in a file. */
export type Place = Pick<Problem, 'file' | 'line' | 'column'>

/** The same with the line itself, for a report. */
export type ShownPlace = Place & Pick<FoundProblem, 'sourceLine'>

interface Written<Kind extends string, Spec> {
  readonly kind: Kind
  readonly name: string
  /** Complete, defaults filled in. */
  readonly spec: Spec
  /** Only what the user wrote, in the form of the spec. */
  readonly written: Readonly<Record<string, unknown>>
  /** Name of the plan it belongs to; the owner label. */
  readonly plan: string
  readonly origin: Place
  /** Where a field of it was written; the nearest there is. Absent for what no file says. */
  readonly placeOf?: ((path: TreePath) => ShownPlace) | undefined
  /** Written once for several, with `count`: the name that means all of them. */
  readonly group?: string | undefined
  /** Absolute folder that `source` is relative to. */
  readonly folder: string
}

/** One wanted thing. */
export type Resource =
  | Written<'service', ServiceSpec>
  | Written<'instance', InstanceSpec>
  | Written<'profile', ProfileSpec>
  | Written<'network', NetworkSpec>

/** Where a field of a thing was written; undefined when no file says anything of it. `ref` is `instance/web`. */
export function locate(
  manifest: {readonly resources: readonly Resource[]},
  ref: string,
  path: TreePath = [],
): ShownPlace | undefined {
  const resource = manifest.resources.find(({kind, name}) => `${kind}/${name}` === ref)
  return resource?.placeOf?.(path) ?? resource?.origin
}

/** `depends_on: [web]` of a machine with a count means all of them. */
export function withGroups(resources: readonly Resource[]): Resource[] {
  const groups = Map.groupBy(resources, ({group}) => group)
  groups.delete(undefined)
  if (groups.size === 0) return [...resources]
  const refs = new Set(resources.map(({kind, name}) => `${kind}/${name}`))
  return resources.map((resource): Resource => {
    if (resource.kind === 'profile' || resource.kind === 'network') return resource
    const names = resource.spec.depends_on ?? []
    if (!names.some((name) => groups.has(name))) return resource
    const isGroup = (name: string) => groups.has(name) && !refs.has(`${resource.kind}/${name}`)
    const all = names.flatMap((name) => (isGroup(name) ? (groups.get(name) ?? []).map((one) => one.name) : [name]))
    const depends = {depends_on: [...new Set(all)]}
    const written = {...resource.written, ...depends}
    // Each kind keeps its own spec.
    return {...resource, written, spec: {...resource.spec, ...depends}} as Resource
  })
}
