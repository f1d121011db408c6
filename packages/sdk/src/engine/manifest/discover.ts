import {readdir, stat} from 'node:fs/promises'
import {basename, join, resolve} from 'node:path'
import {reasonOf} from '../../io/files.ts'
import type {FoundProblem} from './problem.ts'
import {refused} from './read.ts'

/** A file to load. */
export interface ManifestFile {
  /** As the user would name it; `-` is standard input. */
  readonly file: string
  /** In the folder form (`services/NAME/service.toml`): the name of the folder, which is the project. */
  readonly project?: string | undefined
  /** Found in a folder, not named: other tools keep JSON and TOML files there, too. */
  readonly isFound?: boolean | undefined
}

/** What a project folder calls its plan; with one of them, the other files of the folder are the project's own. */
export const PROJECT_FILES = ['omni.yaml', 'omni.yml', 'omni.json', 'service.toml'] as const

/**
 * Files and folders → files. A folder stands for its `omni.yaml` or `service.toml`; else for its
 * `*.yaml, *.yml, *.json, *.toml` (not deeper) and `service.toml` one folder down, in it or in its `services/`.
 */
export async function discoverFiles(paths: readonly string[], problems: FoundProblem[]): Promise<ManifestFile[]> {
  const found = await Promise.all(paths.map((path) => discover(path, problems)))
  const byPath = new Map(found.flat().map((item) => [item.file === '-' ? '-' : resolve(item.file), item]))
  return [...byPath.values()]
}

async function discover(path: string, problems: FoundProblem[]): Promise<ManifestFile[]> {
  if (path === '-') return [{file: '-'}]
  try {
    const stats = await stat(path).catch(() => undefined)
    if (stats === undefined || !stats.isDirectory()) return [{file: path}]
    const files = await filesOfFolder(path)
    if (files.length > 0) return files
    problems.push(
      refused(path, 'the folder holds no plan', 'expected omni.yaml, service.toml or services/*/service.toml'),
    )
  } catch (error) {
    problems.push(refused(path, reasonOf(error)))
  }
  return []
}

async function filesOfFolder(folder: string): Promise<ManifestFile[]> {
  const names = (await readdir(folder, {withFileTypes: true}))
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort()
  const project = PROJECT_FILES.find((name) => names.includes(name))
  if (project !== undefined) return [{file: join(folder, project)}]
  const own = names.filter((name) => /\.(ya?ml|json|toml)$/.test(name))
  return [
    ...own.map((name) => ({file: join(folder, name), isFound: true})),
    ...(await folderForm(folder)),
    ...(await folderForm(join(folder, 'services'))),
  ]
}

/** `service.toml` of each direct, real subfolder. */
async function folderForm(folder: string): Promise<ManifestFile[]> {
  const entries = await readdir(folder, {withFileTypes: true}).catch(() => [])
  const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({name}) => name)
  const files = names.sort().map((project) => ({file: join(folder, project, 'service.toml'), project}))
  const exist = await Promise.all(
    files.map(({file}) =>
      stat(file).then(
        () => true,
        () => false,
      ),
    ),
  )
  return files.filter((_, index) => exist[index])
}

/** Name of the plan a file makes, for the owner label: the file's own, or its folder's when the file's says nothing. */
export function planNameOf({file, project}: ManifestFile): string {
  if (file === '-') return 'stdin'
  const path = resolve(file)
  const stem = basename(path).replace(/\.[^.]+$/, '')
  if (project !== undefined) return labelText(basename(servicesParent(path)))
  const isGeneric = ['omni', 'service', 'services', 'plan', 'kustomization'].includes(stem)
  return labelText(isGeneric ? basename(resolve(path, '..')) : stem)
}

/**
 * Name of the plan of the Kubernetes objects in a file: those of a folder are one plan, so that an object whose file was taken out is
 * still one of it.
 */
export const objectPlanOf = (file: ManifestFile): string =>
  file.isFound === true ? labelText(basename(resolve(file.file, '..'))) : planNameOf(file)

/** `shop/services/web/service.toml` → `shop`; `shop/web/service.toml` → `shop`. */
function servicesParent(path: string): string {
  const folder = resolve(path, '..', '..')
  return basename(folder) === 'services' ? resolve(folder, '..') : folder
}

const labelText = (text: string) => text.slice(0, 63) || 'root'
