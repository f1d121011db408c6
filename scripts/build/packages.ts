import {glob, readFile, realpath} from 'node:fs/promises'
import {join} from 'node:path'

/** The part of a package.json that the build reads. */
export interface PackageJson {
  readonly name: string
  readonly version: string
  readonly oclif?: {readonly plugins?: readonly string[]; readonly commands?: string; readonly topics?: Topics}
  readonly omni?: {readonly apiVersion: number; readonly providers?: readonly ProviderBlock[]}
}

export type Topics = Readonly<Record<string, {readonly description?: string}>>

export interface ProviderBlock {
  readonly kind: string
  readonly id: string
  readonly title?: string
  readonly module: string
  readonly priority?: number
  readonly requires?: string
}

/** A source file that becomes a file of its own under `dist`. */
export interface Entry {
  /** Path under `dist`, without extension. */
  readonly name: string
  readonly source: string
}

export interface ProviderEntry extends Entry {
  readonly plugin: string
  readonly block: ProviderBlock
}

export interface Entries {
  readonly commands: readonly Entry[]
  readonly providers: readonly ProviderEntry[]
  /** Folders of the plugins that are part of the CLI. */
  readonly plugins: readonly {readonly dir: string; readonly pjson: PackageJson}[]
  /** Folders of the plugins that come along as they are. */
  readonly others: readonly string[]
}

export const readPackage = async (dir: string): Promise<PackageJson> =>
  JSON.parse(await readFile(join(dir, 'package.json'), 'utf8'))

/** Everything the CLI consists of: its own commands, and those and the providers of its plugins with an omni block. */
export async function findEntries(root: string): Promise<Entries> {
  const own = await readPackage(root)
  const installed = await Promise.all(
    (own.oclif?.plugins ?? []).map(async (name) => {
      const dir = await realpath(join(root, 'node_modules', name))
      return {dir, pjson: await readPackage(dir)}
    }),
  )
  const plugins = installed.filter(({pjson}) => pjson.omni !== undefined)
  const commands = [...(await commandsIn(join(root, 'src', 'commands')))]
  for (const {dir, pjson} of plugins) {
    if (pjson.oclif?.commands !== undefined) commands.push(...(await commandsIn(join(dir, sourceOf(pjson.oclif.commands)))))
  }
  rejectDuplicates(commands)
  const providers = plugins.flatMap(({dir, pjson}) =>
    (pjson.omni?.providers ?? []).map((block) => ({
      name: `providers/${block.kind}-${block.id}`,
      source: join(dir, sourceOf(block.module)).replace(/\.js$/, '.ts'),
      plugin: pjson.name,
      block,
    })),
  )
  return {commands, providers, plugins, others: installed.flatMap(({dir, pjson}) => (pjson.omni ? [] : [dir]))}
}

/** `server:start` for `commands/server/start`, `server` for `commands/server/index`. */
export const commandId = (name: string): string =>
  name.replace(/^commands\//, '').replace(/\/index$/, '').replaceAll('/', ':')

async function commandsIn(dir: string): Promise<Entry[]> {
  const files = await Array.fromAsync(glob('**/*.ts', {cwd: dir}))
  return files.sort().map((file) => ({name: `commands/${file.slice(0, -'.ts'.length)}`, source: join(dir, file)}))
}

const sourceOf = (file: string): string => file.replace(/^(\.\/)?dist\b/, 'src')

function rejectDuplicates(commands: readonly Entry[]): void {
  const seen = new Map<string, string>()
  for (const {name, source} of commands) {
    const id = commandId(name)
    const other = seen.get(id)
    if (other !== undefined) throw new Error(`command "${id}" exists twice: ${other} and ${source}`)
    seen.set(id, source)
  }
}
