import {type InstanceSpec, instanceProblems, type NetworkSpec, type ProfileSpec} from '../../specs/instance.ts'
import {type ServiceSpec, serviceProblems} from '../../specs/service.ts'
import type {Draft} from './documents.ts'
import {problemsOf} from './issues.ts'
import {normalise, type Surroundings} from './normalise.ts'
import type {FoundProblem, Problem} from './problem.ts'
import {fieldSchema, SCHEMAS} from './schema.ts'
import {type MapTree, placeOf, plainValue, problemAt, type Spot, spotOf, type TreePath} from './tree.ts'
import {type UserDataContext, withUserData} from './user-data.ts'

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

/** What a draft becomes a resource with. */
export interface ResourceContext extends UserDataContext {
  /** Name of the plan it belongs to. */
  readonly plan: string
  readonly surroundings: Surroundings
}

/** The draft as its kind's schema reads it; undefined when it has problems, which are then noted. */
export async function makeResource(raw: Draft, context: ResourceContext): Promise<Resource | undefined> {
  const {plan, surroundings, problems, warnings} = context
  const normal = normalise(raw, surroundings, warnings)
  const draft = normal.kind === 'instance' ? await withUserData(normal, context) : normal
  const parsed = SCHEMAS[draft.kind].safeParse(plainValue(draft.tree))
  if (!parsed.success) {
    problems.push(...problemsOf(draft, parsed.error.issues, fieldSchema(draft.kind)))
    return undefined
  }
  const resource = {
    kind: draft.kind,
    name: draft.name,
    spec: parsed.data,
    written: pickWritten(parsed.data, draft.tree),
    plan,
    origin: {file: draft.source.file, ...placeOf(draft.source, draft.tree.offset)},
    folder: draft.source.folder,
    placeOf: (path) => shownPlace(spotOf(draft, path)),
  } as Resource // The schema was chosen by the kind.
  for (const {path, message} of specProblems(resource)) {
    problems.push({...shownPlace(spotOf(draft, path)), message})
  }
  return resource.kind === 'instance' ? withTagLabels(resource) : resource
}

function shownPlace({source, offset}: Spot): ShownPlace {
  const {message: _, ...shown} = problemAt(source, offset, {message: ''})
  return shown
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

const specProblems = (resource: Resource) => {
  if (resource.kind === 'service') return serviceProblems(resource.spec)
  return resource.kind === 'instance' ? instanceProblems(resource.spec) : []
}

/** Tags are labels, for every driver alike. */
function withTagLabels(resource: Extract<Resource, {kind: 'instance'}>): Resource {
  const {tags = [], ...spec} = resource.spec
  if (tags.length === 0) return {...resource, spec}
  const {tags: _, ...written} = resource.written
  const metadata = {...spec.metadata, ...Object.fromEntries(tags.map((tag) => [tag, 'true']))}
  return {...resource, spec: {...spec, metadata}, written: {...written, metadata}}
}

/** The parts of the parsed value that the tree names. */
function pickWritten(parsed: object, tree: MapTree): Record<string, unknown> {
  const picked: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(parsed)) {
    const own = tree.entries.get(key)?.value
    if (own === undefined) continue
    const isMap = own.kind === 'map' && typeof value === 'object' && value !== null && !Array.isArray(value)
    picked[key] = isMap ? pickWritten(value, own) : value
  }
  return picked
}
