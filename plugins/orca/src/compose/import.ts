import {existsSync} from 'node:fs'
import {mkdir} from 'node:fs/promises'
import {dirname, join, relative, resolve} from 'node:path'
import {OmniError, reasonOf, redact, type ServiceInput, writeFileAtomic} from '@omni-cli/sdk'
import {convertProject} from './convert.ts'
import {loadCompose} from './load.ts'
import {labelOf} from './names.ts'
import {createNotes, type Note} from './notes.ts'
import type {Variables} from './variables.ts'

export interface ImportRequest {
  readonly file?: string | undefined
  /** Folder that `services` is made in. */
  readonly folder: string
  /** Default: `services/<project>/service.toml`. */
  readonly output?: string | undefined
  readonly profiles: readonly string[]
  readonly env: Variables
  readonly signal?: AbortSignal | undefined
}

export interface ImportedProject {
  readonly project: string
  /** The file for them. */
  readonly file: string
  readonly services: readonly ServiceInput[]
  readonly notes: readonly Note[]
  /** What belongs into the file. */
  readonly toml: string
  /** The same for eyes: what looks like a secret is `***`. */
  readonly preview: string
  /** The file is there already. */
  readonly exists: boolean
}

/** Reads a compose project and says what would be written. Nothing is changed. */
export async function readImport(request: ImportRequest): Promise<ImportedProject> {
  const {file: wanted, folder, env, signal, profiles} = request
  const notes = createNotes(folder)
  const loaded = await loadCompose({file: wanted, folder, env, notes, signal})
  const project = labelOf(loaded.name) ?? 'project'
  const file = resolve(folder, request.output ?? join('services', project, 'service.toml'))
  const {services} = await convertProject(loaded, {notes, profiles, target: dirname(file)})
  if (services.length === 0) throw new OmniError('MANIFEST_INVALID', `'${loaded.file}' has no services`)
  const origin = relative(dirname(file), loaded.file)
  const [toml, preview] = await Promise.all([tomlOf(services, origin), tomlOf(redact(services), origin)])
  return {project, file, services, notes: notes.list(), toml, preview, exists: existsSync(file)}
}

/** Writes the file, for its owner alone: variables may hold secrets. */
export async function writeImport({file, toml}: Pick<ImportedProject, 'file' | 'toml'>): Promise<void> {
  try {
    await mkdir(dirname(file), {recursive: true})
  } catch (error) {
    throw new OmniError('IO', `cannot make '${dirname(file)}': ${reasonOf(error)}`, {cause: error})
  }
  await writeFileAtomic(file, toml)
}

async function tomlOf(services: readonly ServiceInput[], origin: string): Promise<string> {
  const {stringify} = await import('smol-toml')
  return `# Made of ${JSON.stringify(origin)} by omni import compose.\n\n${stringify({service: services.map(withoutEmpty)})}\n`
}

/** TOML has no undefined. */
const withoutEmpty = (service: ServiceInput): Record<string, unknown> => JSON.parse(JSON.stringify(service))
