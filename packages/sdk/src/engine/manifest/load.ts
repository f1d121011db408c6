import {resolve} from 'node:path'
import {redact} from '../../io/redact.ts'
import {didYouMean} from '../../nearest.ts'
import {type InstanceSpec, instanceProblems, type NetworkSpec, type ProfileSpec} from '../../specs/instance.ts'
import {type ServiceSpec, serviceProblems} from '../../specs/service.ts'
import {clashesOf} from './clashes.ts'
import {discoverFiles, type ManifestFile, planNameOf} from './discover.ts'
import {type DocumentContent, type Draft, isPlan, readDocument} from './documents.ts'
import {withIncluded} from './include.ts'
import {problemsOf} from './issues.ts'
import {normalise, type Surroundings} from './normalise.ts'
import {numbered} from './numbered.ts'
import {mergeTrees} from './overlay.ts'
import {type FoundProblem, type Problem, problemsError} from './problem.ts'
import {isProblem, readSource, readStream, refused} from './read.ts'
import {fieldSchema, SCHEMAS} from './schema.ts'
import {parseSource} from './sources.ts'
import {
  type MapTree,
  placeOf,
  plainValue,
  problemAt,
  type Source,
  type SourceDocument,
  spotOf,
  type TreePath,
} from './tree.ts'
import {withUserData} from './user-data.ts'
import {fillVariables, GivenVariables, type VariableInputs} from './variables.ts'

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

export interface Manifest {
  readonly resources: readonly Resource[]
  /** Names of the plans that were loaded; `--prune` looks at things of these. */
  readonly plans: readonly string[]
  /** Environments the files know. */
  readonly environments: readonly string[]
  readonly warnings: readonly Problem[]
  /** Values of variables that no output may show. */
  readonly secrets?: readonly string[] | undefined
}

export interface LoadOptions extends VariableInputs {
  /** Overlay of `environments:` to apply; one that no file has is a problem. */
  readonly env?: string | undefined
  /** What `-` reads; default: standard input of the process. */
  readonly stdin?: AsyncIterable<Buffer | string> | undefined
  /** Name of the plan instead of the one each file makes. */
  readonly plan?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads plans (`instances:`, `profiles:`, `networks:`, `services:`), Orca's `service.toml` and `omni.yaml`, from files, folders
 * and `-`. All problems of all files are thrown as one MANIFEST_INVALID whose details are `Problem[]`.
 */
export async function loadManifest(paths: readonly string[], options: LoadOptions = {}): Promise<Manifest> {
  const problems: FoundProblem[] = []
  const files = await discoverFiles(paths, problems)
  const loader = new Loader(options, problems, await GivenVariables.read(options, problems, options.signal))
  for (const file of files) await loader.addFile(file)
  return loader.finish(paths)
}

/** Where a field of a thing was written; undefined when no file says anything of it. `ref` is `instance/web`. */
export function locate(
  manifest: Pick<Manifest, 'resources'>,
  ref: string,
  path: TreePath = [],
): ShownPlace | undefined {
  const resource = manifest.resources.find(({kind, name}) => `${kind}/${name}` === ref)
  return resource?.placeOf?.(path) ?? resource?.origin
}

interface LoadedDocument extends DocumentContent {
  readonly plan: string
  readonly folder: string | undefined
}

/** Collects over all files, so that everything wrong is told at once. */
class Loader {
  readonly problems: FoundProblem[]
  readonly #options: LoadOptions
  readonly #given: GivenVariables
  readonly #warnings: FoundProblem[]
  readonly #documents: LoadedDocument[] = []
  readonly #userFiles = new Map<string, Promise<Source | FoundProblem>>()

  constructor(options: LoadOptions, problems: FoundProblem[], given: GivenVariables) {
    this.#options = options
    this.problems = problems
    this.#given = given
    this.#warnings = [...given.warnings]
  }

  async addFile(file: ManifestFile): Promise<void> {
    const {signal, stdin = process.stdin} = this.#options
    signal?.throwIfAborted()
    const source = file.file === '-' ? await readStream(stdin, resolve('.')) : await readSource(file.file, signal)
    if (isProblem(source)) {
      this.problems.push(source)
      return
    }
    const before = this.problems.length
    const documents = await parseSource(source, this.problems)
    if (documents.length === 0 && this.problems.length === before) {
      this.problems.push(refused(file.file, 'there is nothing in the file but comments'))
    }
    const plans = documents.filter((document) => !this.#isPassedOver(document, file))
    const all = await withIncluded(plans, this.problems, signal)
    const values = this.#given.resolve(all, this.problems)
    const contents = new Map(
      all.map((document) => [document, readDocument(fillVariables(document, values, this.problems), this.problems)]),
    )
    for (const document of joined(plans, contents)) {
      const plan = this.#options.plan ?? document.project ?? planNameOf(file)
      this.#documents.push({...document, plan, folder: file.project})
    }
  }

  #isPassedOver(document: SourceDocument, file: ManifestFile): boolean {
    if (file.isFound !== true || !/\.(json|toml)$/.test(file.file) || isPlan(document)) return false
    this.#warnings.push(refused(file.file, 'passed over: this is no plan'))
    return true
  }

  async finish(paths: readonly string[]): Promise<Manifest> {
    const {env} = this.#options
    const environments = [...new Set(this.#documents.flatMap((document) => [...document.environments.keys()]))]
    if (env !== undefined && !environments.includes(env) && this.#documents.length > 0) {
      const hint = environments.length === 0 ? undefined : `there are: ${environments.join(', ')}`
      this.problems.push(refused(paths[0] ?? '', `no file has the environment '${env}'`, hint))
    }
    const resources: Resource[] = []
    for (const document of this.#documents) resources.push(...(await this.#resourcesOf(document)))
    this.#findDoubles(resources)
    this.#findClashes(resources)
    // What the files declare is only known when all of them could be read.
    if (this.#documents.length > 0) this.problems.push(...this.#given.unknown())
    const secrets = [...this.#given.secrets]
    if (this.problems.length > 0) throw problemsError(redact(distinct(this.problems), secrets))
    const plans = [...new Set(this.#documents.map((document) => document.plan))]
    const warnings = distinct(this.#warnings).map(({sourceLine: _, code: __, ...warning}) => warning)
    return {resources: withGroups(resources), plans, environments, warnings: redact(warnings, secrets), secrets}
  }

  async #resourcesOf(document: LoadedDocument): Promise<Resource[]> {
    const {env} = this.#options
    for (const [name, overlay] of document.environments) {
      // Overlays that are not in force are checked as well.
      if (name === env) continue
      for (const draft of this.#overlaid(document, overlay, name)) await this.#resources(document, draft)
    }
    const overlay = env === undefined ? undefined : document.environments.get(env)
    const changed = overlay === undefined ? [] : this.#overlaid(document, overlay, env ?? '')
    const keyed = new Map(changed.map((draft) => [`${draft.kind}/${draft.name}`, draft]))
    const drafts = document.drafts.map((draft) => {
      const key = `${draft.kind}/${draft.name}`
      const found = keyed.get(key)
      keyed.delete(key)
      return found ?? draft
    })
    const resources: Resource[] = []
    for (const draft of [...drafts, ...keyed.values()]) resources.push(...(await this.#resources(document, draft)))
    return resources
  }

  /** The drafts that an overlay changes or adds, as they then are. */
  #overlaid(document: LoadedDocument, overlay: readonly Draft[], env: string): Draft[] {
    const changed = new Map<string, Draft>()
    for (const draft of overlay) {
      const key = `${draft.kind}/${draft.name}`
      const same = document.drafts.filter(({kind}) => kind === draft.kind)
      const base = changed.get(key) ?? same.find(({name}) => name === draft.name)
      if (base !== undefined) {
        const isElsewhere = base.source !== draft.source
        changed.set(key, {...base, tree: mergeTrees(base.tree, draft.tree, isElsewhere ? draft.source : undefined)})
      } else if (isWhole(draft)) changed.set(key, draft)
      else {
        const names = same.map(({name}) => name)
        const message = `environment '${env}' changes ${draft.kind} '${draft.name}', which is not in the file`
        this.problems.push(problemAt(draft.source, draft.tree.offset, {message, hint: didYouMean(draft.name, names)}))
      }
    }
    return [...changed.values()]
  }

  /** One, or with `count` as many. A mistake of the first is not told for each of the others. */
  async #resources(document: LoadedDocument, draft: Draft): Promise<Resource[]> {
    const copies = numbered(draft, this.problems)
    if (copies === undefined) return [(await this.#resource(document, draft)) ?? []].flat()
    const resources: Resource[] = []
    const before = this.problems.length
    for (const copy of copies) {
      const resource = await this.#resource(document, copy)
      if (resource !== undefined) resources.push({...resource, group: draft.name})
      if (this.problems.length > before) break
    }
    return resources
  }

  async #resource(document: LoadedDocument, raw: Draft): Promise<Resource | undefined> {
    const surroundings: Surroundings = {project: raw.project ?? document.project, folder: document.folder}
    const {signal} = this.#options
    const context = {problems: this.problems, warnings: this.#warnings, files: this.#userFiles, signal}
    const normal = normalise(raw, surroundings, this.#warnings)
    const draft = normal.kind === 'instance' ? await withUserData(normal, context) : normal
    const parsed = SCHEMAS[draft.kind].safeParse(plainValue(draft.tree))
    if (!parsed.success) {
      this.problems.push(...problemsOf(draft, parsed.error.issues, fieldSchema(draft.kind)))
      return undefined
    }
    const place = (path: TreePath): ShownPlace => {
      const {source, offset} = spotOf(draft, path)
      const {message: _, ...shown} = problemAt(source, offset, {message: ''})
      return shown
    }
    const resource = {
      kind: draft.kind,
      name: draft.name,
      spec: parsed.data,
      written: pickWritten(parsed.data, draft.tree),
      plan: document.plan,
      origin: {file: draft.source.file, ...placeOf(draft.source, draft.tree.offset)},
      folder: draft.source.folder,
      placeOf: place,
    } as Resource // The schema was chosen by the kind.
    for (const {path, message} of specProblems(resource)) {
      const {source, offset} = spotOf(draft, path)
      this.problems.push(problemAt(source, offset, {message}))
    }
    return resource.kind === 'instance' ? withTagLabels(resource) : resource
  }

  #findClashes(resources: readonly Resource[]): void {
    const instances = resources.filter((resource) => resource.kind === 'instance')
    const networks = resources.filter((resource) => resource.kind === 'network')
    for (const {ref, path, message} of clashesOf(instances, networks)) {
      const place = locate({resources}, ref, path)
      if (place !== undefined) this.problems.push({...place, message: `${ref}: ${message}`})
    }
  }

  #findDoubles(resources: readonly Resource[]): void {
    const seen = new Map<string, Resource>()
    for (const resource of resources) {
      const key = `${resource.kind}/${resource.name}`
      const first = seen.get(key)
      if (first === undefined) seen.set(key, resource)
      else {
        const {file, line} = first.origin
        this.problems.push({...resource.origin, message: `${key} is also at ${file}:${line}`})
      }
    }
  }
}

/** An overlay may also add a thing. */
const isWhole = ({kind, tree}: Draft): boolean =>
  kind === 'network' ||
  kind === 'profile' ||
  ['image', 'command', 'module', 'build', 'source'].some((key) => tree.entries.has(key))

/** Documents together with what they include, so that variables, environments and owner are those of the including file. */
function joined(
  plans: readonly SourceDocument[],
  contents: ReadonlyMap<SourceDocument, DocumentContent>,
): DocumentContent[] {
  const own = new Set(plans)
  let drafts: Draft[] = []
  let environments = new Map<string, readonly Draft[]>()
  const found: DocumentContent[] = []
  for (const [document, content] of contents) {
    drafts = [...drafts, ...content.drafts]
    environments = new Map(environments)
    for (const [name, overlay] of content.environments) {
      environments.set(name, [...(environments.get(name) ?? []), ...overlay])
    }
    if (!own.has(document)) continue
    found.push({drafts, environments, project: content.project})
    drafts = []
    environments = new Map()
  }
  return found
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

/** `depends_on: [web]` of a machine with a count means all of them. */
function withGroups(resources: readonly Resource[]): Resource[] {
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

/** A draft is read again for each environment that changes it. */
function distinct<P extends Problem>(problems: readonly P[]): P[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()]
}
