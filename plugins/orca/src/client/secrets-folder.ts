import {existsSync} from 'node:fs'
import {join, relative} from 'node:path'
import {type CallOptions, type DeclaredService, isOmniError, OmniError} from '@omni-cli/sdk'
import type {SecretEntry} from '../secrets/document.ts'
import {candidatesOf, referencesOf, secretLabel} from '../secrets/reference.ts'
import type {SecretsClient} from './secrets.ts'

/** What Orca keeps beside a `service.toml`. */
const FILE = 'secrets.json'

/** A `secrets.json`, and the references of one project's services beside it. */
interface Folder {
  readonly file: string
  readonly project: string | undefined
  readonly references: Set<string>
}

export interface FolderOptions extends CallOptions {
  /** Opened when there is something to take. */
  readonly open: () => Promise<SecretsClient>
  readonly notice: (text: string) => void
}

/**
 * Takes the secrets that services need from the `secrets.json` in their folder to the server, into the project. What is set
 * there to something else stays, and is told. A file that cannot be opened matters only when something is missing.
 */
export async function takeFolderSecrets(services: readonly DeclaredService[], options: FolderOptions): Promise<void> {
  const folders = foldersOf(services)
  if (folders.length === 0) return
  const client = await options.open()
  for (const folder of folders) await takeFolder(client, folder, options)
}

function foldersOf(services: readonly DeclaredService[]): Folder[] {
  const folders = new Map<string, Folder>()
  for (const {spec, folder} of services) {
    const references = referencesOf(spec.env)
    const file = join(folder, FILE)
    if (references.length === 0 || !existsSync(file)) continue
    const key = JSON.stringify([file, spec.project])
    const known = folders.get(key) ?? {file, project: spec.project, references: new Set()}
    for (const reference of references) known.references.add(reference)
    folders.set(key, known)
  }
  return [...folders.values()]
}

async function takeFolder(client: SecretsClient, folder: Folder, {notice, signal}: FolderOptions): Promise<void> {
  const name = relative('.', folder.file)
  const entries = await read(client, folder, {signal})
  if (entries.length === 0) return
  const {set, kept} = await client.put(entries, 'keep', {signal}).catch((error: unknown) => {
    if (!isOmniError(error) || error.code !== 'UNAUTHORIZED') throw error
    notice(`'${name}' was left alone: setting secrets needs the token of an admin`)
    return {set: [], kept: []}
  })
  if (set.length > 0) notice(`took ${set.map(secretLabel).join(', ')} from '${name}' to the server`)
  if (kept.length > 0) {
    const project = folder.project === undefined ? '--global' : `--project ${folder.project}`
    notice(
      `the server has another value than '${name}' for ${kept.map(secretLabel).join(', ')}, and keeps it; to replace it: omni secrets import ${name} ${project} --overwrite`,
    )
  }
}

/** Entries of the file that the services ask for. */
async function read(client: SecretsClient, folder: Folder, options: CallOptions): Promise<SecretEntry[]> {
  const {readSecretsFile} = await import('../secrets/read-file.ts')
  try {
    const found = await readSecretsFile(folder.file)
    return found
      .filter(({key}) => folder.references.has(key))
      .map(({key, value}) => ({key, value, ...(folder.project === undefined ? {} : {project: folder.project})}))
  } catch (error) {
    if (!isOmniError(error) || !(await isMissingAny(client, folder, options))) return []
    const {project} = folder
    throw new OmniError(error.code, error.message, {
      hint: `omni secrets import ${folder.file} ${project === undefined ? '--global' : `--project ${project}`} --help`,
      cause: error,
    })
  }
}

async function isMissingAny(
  client: SecretsClient,
  {references, project}: Folder,
  options: CallOptions,
): Promise<boolean> {
  const known = new Set((await client.list(undefined, options)).secrets.map(secretLabel))
  return [...references].some((reference) =>
    candidatesOf(reference, project).every((candidate) => !known.has(secretLabel(candidate))),
  )
}
