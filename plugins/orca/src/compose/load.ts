import {existsSync} from 'node:fs'
import {readFile, stat} from 'node:fs/promises'
import {basename, dirname, join, resolve} from 'node:path'
import {OmniError, reasonOf} from '@omni-cli/sdk'
import {problemsError, readYamlFile} from '@omni-cli/sdk/engine'
import {mergeMaps} from './merge.ts'
import {entriesOf, get, type MapNode, type Node, nodeOf, type Place, textAt, textOf, textsOf} from './node.ts'
import type {Notes} from './notes.ts'
import {type Filling, fillVariables, parseEnvFile, VariableProblem, type Variables} from './variables.ts'

export interface LoadRequest {
  /** Default: the first of compose's own names in the folder, with its override file. */
  readonly file?: string | undefined
  readonly folder: string
  readonly env: Variables
  readonly notes: Notes
  readonly signal?: AbortSignal | undefined
}

export interface ComposeProject {
  readonly name: string
  /** Folder that relative paths start from. */
  readonly folder: string
  readonly file: string
  /** By the name in the file; `extends` is resolved. Each knows the folder of its own file. */
  readonly services: ReadonlyMap<string, {readonly node: MapNode; readonly folder: string}>
  readonly root: MapNode
  readonly variables: Variables
}

const NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml']
const OVERRIDES = [
  'compose.override.yaml',
  'compose.override.yml',
  'docker-compose.override.yaml',
  'docker-compose.override.yml',
]
const MAX_ENV_BYTES = 1024 ** 2
/** Files that include or extend one another. */
const MAX_DEPTH = 10

/** Reads a project as compose does: variables, merge keys, override file, `include` and `extends`. */
export async function loadCompose(request: LoadRequest): Promise<ComposeProject> {
  const file = resolve(request.folder, request.file ?? defaultFile(request.folder))
  const folder = dirname(file)
  const variables = {...Object.fromEntries(await readEnv(join(folder, '.env'), request.env)), ...request.env}
  const loader = new Loader(request, variables)
  let root = await loader.read(file)
  const override = request.file === undefined ? OVERRIDES.find((name) => existsSync(join(folder, name))) : undefined
  if (override !== undefined) root = mergeMaps(root, await loader.read(join(folder, override)))
  const services = await loader.servicesOf(root, folder, [file])
  const name = projectName(variables.COMPOSE_PROJECT_NAME || textAt(root, 'name') || basename(folder))
  return {name, folder, file, services, root, variables}
}

/** As compose writes it, also in the names of its volumes. */
const projectName = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '')

function defaultFile(folder: string): string {
  const found = NAMES.find((name) => existsSync(join(folder, name)))
  if (found !== undefined) return found
  throw new OmniError('NOT_FOUND', `there is no compose file in '${folder}'`, {hint: 'omni import compose FILE'})
}

/** An environment file; empty when it is absent and that is allowed. */
export async function readEnv(file: string, variables: Variables, isRequired = false): Promise<Map<string, string>> {
  try {
    const found = await stat(file)
    if (!found.isFile() || found.size > MAX_ENV_BYTES) throw new Error('it is no regular file of at most 1 MiB')
    return parseEnvFile(await readFile(file, 'utf8'), {variables, onUnset: () => undefined})
  } catch (error) {
    if (!isRequired && error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map()
    throw new OmniError('MANIFEST_INVALID', `cannot read '${file}': ${reasonOf(error)}`, {cause: error})
  }
}

type Services = Map<string, {readonly node: MapNode; readonly folder: string}>

class Loader {
  readonly #request: LoadRequest
  readonly #variables: Variables
  readonly #files = new Map<string, Promise<MapNode>>()

  constructor(request: LoadRequest, variables: Variables) {
    this.#request = request
    this.#variables = variables
  }

  read(file: string): Promise<MapNode> {
    const found = this.#files.get(file) ?? this.#read(file)
    this.#files.set(file, found)
    return found
  }

  async #read(file: string): Promise<MapNode> {
    const {notes, signal} = this.#request
    const yaml = await readYamlFile(file, signal)
    const placeOf = (offset: number): Place => ({file, ...yaml.placeOf(offset)})
    const fill = (text: string, place: Place): string => {
      const onUnset = (name: string) => notes.add(place, `the variable ${name} is not set; it is filled in as nothing`)
      const filling: Filling = {variables: this.#variables, onUnset}
      try {
        return text.includes('$') ? fillVariables(text, filling) : text
      } catch (error) {
        if (!(error instanceof VariableProblem)) throw error
        throw problemsError([{...place, message: error.message}])
      }
    }
    const [tree] = yaml.documents
    if (yaml.documents.length !== 1 || tree === undefined) {
      throw problemsError([yaml.problemAt(0, 'a compose file is one document')])
    }
    const node = nodeOf(tree, {placeOf, fill})
    if (node.kind === 'map') return node
    throw problemsError([yaml.problemAt(0, "a compose file is a map with 'services:'")])
  }

  /** Those of the file and of what it includes; the including file wins. */
  async servicesOf(root: MapNode, folder: string, way: readonly string[]): Promise<Services> {
    const services: Services = new Map()
    const included = get(root, 'include')
    for (const item of included?.kind === 'list' ? included.items : []) {
      for (const path of textsOf(item.kind === 'map' ? get(item, 'path') : item)) {
        const file = this.#follow(path, {folder, way, place: item.place})
        const base = resolve(folder, textAt(item, 'project_directory') ?? dirname(file))
        for (const [name, service] of await this.servicesOf(await this.read(file), base, [...way, file])) {
          services.set(name, service)
        }
      }
    }
    for (const [name, {value, place}] of entriesOf(get(root, 'services'))) {
      if (value.kind !== 'map') throw problemsError([{...place, message: `service '${name}' is no map`}])
      services.set(name, {node: await this.#extended(value, {root, folder, way: [...way, `service ${name}`]}), folder})
    }
    return services
  }

  async #extended(service: MapNode, at: {root: MapNode; folder: string; way: readonly string[]}): Promise<MapNode> {
    const wish = get(service, 'extends')
    if (wish === undefined) return service
    const name = textOf(wish) ?? textAt(wish, 'service') ?? ''
    const path = textAt(wish, 'file')
    const file = path === undefined ? undefined : this.#follow(path, {...at, place: wish.place})
    const root = file === undefined ? at.root : await this.read(file)
    const base = get(get(root, 'services'), name)
    if (base?.kind !== 'map') throw problemsError([{...wish.place, message: `there is no service '${name}' to extend`}])
    const step = `service ${name}`
    if (file === undefined && at.way.at(-1) === step) throw endless(wish)
    const way = [...at.way, ...(file === undefined ? [] : [file]), step]
    if (way.length > MAX_DEPTH * 2) throw endless(wish)
    const folder = file === undefined ? at.folder : dirname(file)
    if (folder !== at.folder)
      this.#request.notes.add(wish.place, `paths of '${path}' are read as relative to ${at.folder}`)
    const whole = mergeMaps(await this.#extended(base, {root, folder, way}), service)
    return {...whole, entries: new Map([...whole.entries].filter(([key]) => key !== 'extends'))}
  }

  #follow(path: string, {folder, way, place}: {folder: string; way: readonly string[]; place: Place}): string {
    const file = resolve(folder, path)
    if (way.includes(file) || way.length > MAX_DEPTH)
      throw problemsError([{...place, message: `'${path}' leads back here`}])
    return file
  }
}

const endless = (node: Node) => problemsError([{...node.place, message: 'the services extend one another without end'}])
