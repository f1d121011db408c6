import {dirname, resolve} from 'node:path'
import {redact} from '../../io/redact.ts'
import {clashesOf} from './clashes.ts'
import {discoverFiles, type ManifestFile, objectPlanOf, planNameOf} from './discover.ts'
import {type DocumentContent, type Draft, isPlan, readDocument} from './documents.ts'
import {joined, withIncluded} from './include.ts'
import {numbered} from './numbered.ts'
import {doubledObjects, type WrittenObject, writtenObjects} from './objects.ts'
import {overlaidDrafts} from './overlay.ts'
import {type FoundProblem, type Problem, problemsError} from './problem.ts'
import {isProblem, readManifest, readStream, refused} from './read.ts'
import {fillVariables} from './references.ts'
import {locate, type Resource, withGroups} from './resource.ts'
import {parseSource} from './sources.ts'
import {createSource, type Source, type SourceDocument} from './tree.ts'
import {GivenVariables, type VariableInputs} from './variables.ts'

export interface Manifest {
  readonly resources: readonly Resource[]
  /** Names of the plans that were loaded; `--prune` looks at things of these. */
  readonly plans: readonly string[]
  /** Environments the files know. */
  readonly environments: readonly string[]
  readonly warnings: readonly Problem[]
  /** Kubernetes objects of the files. */
  readonly objects?: readonly WrittenObject[] | undefined
  /** Values of variables that no output may show. */
  readonly secrets?: readonly string[] | undefined
}

export interface LoadOptions extends VariableInputs {
  /** Overlay of `environments:` to apply; one that no file has is a problem. */
  readonly env?: string | undefined
  /** What `-` reads; default: standard input of the process. */
  readonly stdin?: AsyncIterable<Buffer | string> | undefined
  /** What programs have made of files: read in addition, as if it stood in the file. */
  readonly made?: readonly {readonly file: string; readonly text: string}[] | undefined
  /** Name of the plan instead of the one each file makes. */
  readonly plan?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads Kubernetes objects, plans (`instances:`, `profiles:`, `networks:`, `services:`), Orca's `service.toml` and `omni.yaml`, from files, folders
 * and `-`. All problems of all files are thrown as one MANIFEST_INVALID whose details are `Problem[]`.
 */
export async function loadManifest(paths: readonly string[], options: LoadOptions = {}): Promise<Manifest> {
  const problems: FoundProblem[] = []
  const files = await discoverFiles(paths, problems)
  const loader = new Loader(options, problems, await GivenVariables.read(options, problems, options.signal))
  for (const file of files) await loader.addFile(file)
  for (const {file, text} of options.made ?? []) {
    await loader.addSource(createSource(file, dirname(resolve(file)), text), {file})
  }
  return loader.finish(paths)
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
  readonly #objects: WrittenObject[] = []
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
    if (file.isFound === true && /(^|[\\/])kustomization\.ya?ml$/.test(file.file)) {
      this.#warnings.push(refused(file.file, 'passed over', KUSTOMIZATION_HINT))
      return
    }
    const source = file.file === '-' ? await readStream(stdin, resolve('.')) : await readManifest(file.file, signal)
    if (isProblem(source)) this.problems.push(source)
    else await this.addSource(source, file)
  }

  async addSource(source: Source, file: ManifestFile): Promise<void> {
    const {signal} = this.#options
    const before = this.problems.length
    const documents = await parseSource(source, this.problems)
    if (documents.length === 0 && this.problems.length === before) {
      this.problems.push(refused(file.file, 'there is nothing in the file but comments'))
    }
    this.#addObjects(documents, file)
    const plans = documents.filter(({object}) => object === undefined).filter((one) => !this.#isPassedOver(one, file))
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

  #addObjects(documents: readonly SourceDocument[], file: ManifestFile): void {
    const plan = this.#options.plan ?? objectPlanOf(file)
    for (const document of documents) {
      if (!isKustomization(document)) this.#objects.push(...writtenObjects(document, plan, this.problems))
      else this.problems.push(refused(file.file, 'this is a kustomization, no object', KUSTOMIZATION_HINT))
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
    this.problems.push(...doubledObjects(this.#objects))
    this.#findClashes(resources)
    // What the files declare is only known when all of them could be read.
    if (this.#documents.length > 0) this.problems.push(...this.#given.unknown())
    const secrets = [...this.#given.secrets]
    if (this.problems.length > 0) throw problemsError(redact(distinct(this.problems), secrets))
    const plans = [...new Set([...this.#documents, ...this.#objects].map(({plan}) => plan))]
    const warnings = distinct(this.#warnings).map(({sourceLine: _, code: __, ...warning}) => warning)
    const objects = this.#objects
    return {
      resources: withGroups(resources),
      objects,
      plans,
      environments,
      warnings: redact(warnings, secrets),
      secrets,
    }
  }

  async #resourcesOf(document: LoadedDocument): Promise<Resource[]> {
    const {env} = this.#options
    for (const [name, overlay] of document.environments) {
      // Overlays that are not in force are checked as well.
      if (name === env) continue
      for (const draft of overlaidDrafts(document.drafts, {env: name, overlay}, this.problems))
        await this.#resources(document, draft)
    }
    const overlay = env === undefined ? undefined : document.environments.get(env)
    const changed =
      overlay === undefined ? [] : overlaidDrafts(document.drafts, {env: env ?? '', overlay}, this.problems)
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

  /** One, or with `count` as many. A mistake of the first is not told for each of the others. */
  async #resources(document: LoadedDocument, draft: Draft): Promise<Resource[]> {
    const {signal} = this.#options
    const context = {
      plan: document.plan,
      surroundings: {project: draft.project ?? document.project, folder: document.folder},
      problems: this.problems,
      warnings: this.#warnings,
      files: this.#userFiles,
      signal,
    }
    // The schemas of plans are large, and a file may have nothing but objects.
    const {makeResource} = await import('./make-resource.ts')
    const copies = numbered(draft, this.problems)
    if (copies === undefined) return [(await makeResource(draft, context)) ?? []].flat()
    const resources: Resource[] = []
    const before = this.problems.length
    for (const copy of copies) {
      const resource = await makeResource(copy, context)
      if (resource !== undefined) resources.push({...resource, group: draft.name})
      if (this.problems.length > before) break
    }
    return resources
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

const KUSTOMIZATION_HINT = 'omni apply -k DIR'

const isKustomization = ({object}: SourceDocument) =>
  object?.kind === 'Kustomization' && String(object.apiVersion).startsWith('kustomize.config.k8s.io/')

/** A draft is read again for each environment that changes it. */
function distinct<P extends Problem>(problems: readonly P[]): P[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()]
}
