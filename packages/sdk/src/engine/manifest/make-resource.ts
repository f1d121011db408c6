import {instanceProblems} from '../../specs/instance.ts'
import {serviceProblems} from '../../specs/service.ts'
import type {Draft} from './documents.ts'
import {problemsOf} from './issues.ts'
import {normalise, type Surroundings} from './normalise.ts'
import type {Resource, ShownPlace} from './resource.ts'
import {fieldSchema, SCHEMAS} from './schema.ts'
import {type MapTree, placeOf, plainValue, problemAt, type Spot, spotOf} from './tree.ts'
import {type UserDataContext, withUserData} from './user-data.ts'

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
