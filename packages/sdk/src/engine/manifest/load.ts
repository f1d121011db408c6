import {resolve} from 'node:path'
import {didYouMean} from '../../nearest.ts'
import type {InstanceSpec, ProfileSpec} from '../../specs/instance.ts'
import {type ServiceSpec, serviceProblems} from '../../specs/service.ts'
import {discoverFiles, type ManifestFile, planNameOf} from './discover.ts'
import {type DocumentContent, type Draft, isPlan, readDocument} from './documents.ts'
import {problemsOf} from './issues.ts'
import {normalise, type Surroundings} from './normalise.ts'
import {mergeTrees} from './overlay.ts'
import {type FoundProblem, type Problem, problemsError} from './problem.ts'
import {isProblem, readSource, readStream, refused} from './read.ts'
import {fieldSchema, SCHEMAS} from './schema.ts'
import {type MapTree, offsetOf, placeOf, plainValue, problemAt, type Source, type SourceDocument} from './tree.ts'

interface Written<Kind extends string, Spec> {
  readonly kind: Kind
  readonly name: string
  /** Complete, defaults filled in. */
  readonly spec: Spec
  /** Only what the user wrote, in the form of the spec. */
  readonly written: Readonly<Record<string, unknown>>
  /** Name of the plan it belongs to; the owner label. */
  readonly plan: string
  readonly origin: Pick<Problem, 'file' | 'line' | 'column'>
  /** Absolute folder that `source` is relative to. */
  readonly folder: string
}

/** One wanted thing. */
export type Resource =
  | Written<'service', ServiceSpec>
  | Written<'instance', InstanceSpec>
  | Written<'profile', ProfileSpec>

export interface Manifest {
  readonly resources: readonly Resource[]
  /** Names of the plans that were loaded; `--prune` looks at things of these. */
  readonly plans: readonly string[]
  /** Environments the files know. */
  readonly environments: readonly string[]
  readonly warnings: readonly Problem[]
}

export interface LoadOptions {
  /** Overlay of `environments:` to apply; one that no file has is a problem. */
  readonly env?: string | undefined
  /** What `-` reads; default: standard input of the process. */
  readonly stdin?: AsyncIterable<Buffer | string> | undefined
  /** Name of the plan instead of the one each file makes. */
  readonly plan?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads plans (`instances:`, `profiles:`, `services:`), Orca's `service.toml` and `omni.yaml`, from files, folders and
 * `-`. All problems of all files are thrown as one MANIFEST_INVALID whose details are `Problem[]`.
 */
export async function loadManifest(paths: readonly string[], options: LoadOptions = {}): Promise<Manifest> {
  const loader = new Loader(options)
  for (const file of await discoverFiles(paths, loader.problems)) await loader.addFile(file)
  return loader.finish(paths)
}

interface LoadedDocument extends DocumentContent {
  readonly source: Source
  readonly plan: string
  readonly folder: string | undefined
}

/** Collects over all files, so that everything wrong is told at once. */
class Loader {
  readonly problems: FoundProblem[] = []
  readonly #options: LoadOptions
  readonly #warnings: Problem[] = []
  readonly #documents: LoadedDocument[] = []

  constructor(options: LoadOptions) {
    this.#options = options
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
    for (const document of documents) this.#addDocument(document, file)
  }

  #addDocument(document: SourceDocument, file: ManifestFile): void {
    if (file.isFound === true && /\.(json|toml)$/.test(file.file) && !isPlan(document)) {
      this.#warnings.push(refused(file.file, 'passed over: this is no plan'))
      return
    }
    const content = readDocument(document, this.problems)
    const plan = this.#options.plan ?? content.project ?? planNameOf(file)
    this.#documents.push({...content, source: document.source, plan, folder: file.project})
  }

  finish(paths: readonly string[]): Manifest {
    const {env} = this.#options
    const environments = [...new Set(this.#documents.flatMap((document) => [...document.environments.keys()]))]
    if (env !== undefined && !environments.includes(env) && this.#documents.length > 0) {
      const hint = environments.length === 0 ? undefined : `there are: ${environments.join(', ')}`
      this.problems.push(refused(paths[0] ?? '', `no file has the environment '${env}'`, hint))
    }
    const resources = this.#documents.flatMap((document) => this.#resourcesOf(document))
    this.#findDoubles(resources)
    if (this.problems.length > 0) throw problemsError(distinct(this.problems))
    const plans = [...new Set(this.#documents.map((document) => document.plan))]
    return {resources, plans, environments, warnings: distinct(this.#warnings)}
  }

  #resourcesOf(document: LoadedDocument): Resource[] {
    const {env} = this.#options
    for (const [name, overlay] of document.environments) {
      // Overlays that are not in force are checked as well.
      if (name !== env) for (const draft of this.#overlaid(document, overlay, name)) this.#resource(document, draft)
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
    return [...drafts, ...keyed.values()].flatMap((draft) => this.#resource(document, draft) ?? [])
  }

  /** The drafts that an overlay changes or adds, as they then are. */
  #overlaid(document: LoadedDocument, overlay: readonly Draft[], env: string): Draft[] {
    return overlay.flatMap((draft) => {
      const same = document.drafts.filter(({kind}) => kind === draft.kind)
      const base = same.find(({name}) => name === draft.name)
      if (base !== undefined) return [{...base, tree: mergeTrees(base.tree, draft.tree)}]
      const isWhole = ['image', 'command', 'module', 'build', 'source'].some((key) => draft.tree.entries.has(key))
      if (isWhole) return [draft]
      const names = same.map(({name}) => name)
      const message = `environment '${env}' changes ${draft.kind} '${draft.name}', which is not in the file`
      this.problems.push(problemAt(draft.source, draft.tree.offset, {message, hint: didYouMean(draft.name, names)}))
      return []
    })
  }

  #resource(document: LoadedDocument, raw: Draft): Resource | undefined {
    const surroundings: Surroundings = {project: document.project, folder: document.folder}
    const draft = normalise(raw, surroundings, this.#warnings)
    const parsed = SCHEMAS[draft.kind].safeParse(plainValue(draft.tree))
    if (!parsed.success) {
      this.problems.push(...problemsOf(draft, parsed.error.issues, fieldSchema(draft.kind)))
      return undefined
    }
    const resource = {
      kind: draft.kind,
      name: draft.name,
      spec: parsed.data,
      written: pickWritten(parsed.data, draft.tree),
      plan: document.plan,
      origin: {file: draft.source.file, ...placeOf(draft.source, draft.tree.offset)},
      folder: draft.source.folder,
    } as Resource // The schema was chosen by the kind.
    if (resource.kind === 'service') {
      for (const {path, message} of serviceProblems(resource.spec)) {
        this.problems.push(problemAt(draft.source, offsetOf(draft.tree, path), {message}))
      }
    }
    return resource
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

async function parseSource(source: Source, problems: FoundProblem[]): Promise<SourceDocument[]> {
  // Each parser is loaded only when a file needs it.
  if (isToml(source)) return (await import('./toml.ts')).parseToml(source, problems)
  return (await import('./yaml.ts')).parseYaml(source, problems)
}

/** By the name; without a telling one (standard input) by the first line that is no comment. */
function isToml({file, text}: Source): boolean {
  if (/\.toml$/.test(file)) return true
  if (/\.(ya?ml|json)$/.test(file)) return false
  const line = /^(?!\s*(#|$)).*$/m.exec(text)?.[0] ?? ''
  return /^\s*(\[\[?\s*[\w."'-]+\s*\]\]?\s*(#.*)?$|[\w."'-]+\s*=)/.test(line)
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
