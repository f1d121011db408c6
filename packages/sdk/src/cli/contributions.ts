import {join, resolve, sep} from 'node:path'
import type {ProviderKind, ProviderKinds} from '../contracts/driver.ts'
import type {Contribution} from './session.ts'

/** What of an oclif plugin is read: its folder and its `package.json`. Nothing of it is imported. */
export interface PluginPackage {
  readonly name: string
  readonly root: string
  readonly pjson: object
}

export interface Contributions {
  readonly contributions: readonly Contribution[]
  /** What was left out and why, one line each. */
  readonly warnings: readonly string[]
}

const KINDS: Readonly<Record<keyof ProviderKinds, true>> = {
  instance: true,
  service: true,
  catalog: true,
  source: true,
  cluster: true,
  object: true,
}
const ID = /^[a-z][a-z0-9-]{0,62}$/

/** The version of the `omni` block that this reads. */
export const CONTRIBUTION_API_VERSION = 1

/** Providers declared in the `omni` blocks of the plugins. What is wrong is left out with a warning; nothing throws. */
export function readContributions(plugins: Iterable<PluginPackage>): Contributions {
  const contributions: Contribution[] = []
  const warnings: string[] = []
  for (const plugin of plugins) {
    const block: unknown = Reflect.get(plugin.pjson, 'omni')
    if (block === undefined) continue
    if (!isRecord(block) || block.apiVersion !== CONTRIBUTION_API_VERSION) {
      warnings.push(`plugin '${plugin.name}': its "omni" block needs "apiVersion": ${CONTRIBUTION_API_VERSION}`)
      continue
    }
    const providers: unknown = block.providers ?? []
    if (!Array.isArray(providers)) {
      warnings.push(`plugin '${plugin.name}': "omni.providers" is no list`)
      continue
    }
    for (const [index, entry] of providers.entries()) {
      const read = readProvider(entry, plugin)
      const twin =
        typeof read === 'string' ? undefined : contributions.find(({kind, id}) => kind === read.kind && id === read.id)
      if (typeof read === 'string') warnings.push(`plugin '${plugin.name}': omni.providers[${index}]: ${read}`)
      else if (twin === undefined) contributions.push(read)
      else
        warnings.push(
          `plugin '${plugin.name}': ${read.kind} provider '${read.id}' is already supplied by '${twin.plugin}'`,
        )
    }
  }
  return {contributions, warnings}
}

/** Leaves out what the configuration turns off, by the plugin's full name or its last part. */
export function enabledContributions(
  contributions: readonly Contribution[],
  plugins: readonly {readonly name: string; readonly enabled: boolean}[],
): readonly Contribution[] {
  const off = new Set(plugins.filter(({enabled}) => !enabled).map(({name}) => name))
  return off.size === 0
    ? contributions
    : contributions.filter(({plugin}) => !pluginNames(plugin).some((name) => off.has(name)))
}

/** `@omni-cli/plugin-orca` is also called `plugin-orca` and `orca`. */
export function pluginNames(plugin: string): readonly string[] {
  const last = plugin.slice(plugin.lastIndexOf('/') + 1)
  return [plugin, last, last.replace(/^(omni-)?plugin-/, '')]
}

function readProvider(entry: unknown, plugin: PluginPackage): Contribution | string {
  if (!isRecord(entry)) return 'is no object'
  const {kind, id, title, module, priority = 0, requires} = entry
  if (!isKind(kind)) return `"kind" must be one of ${Object.keys(KINDS).join(', ')}`
  if (typeof id !== 'string' || !ID.test(id)) return '"id" must have lower-case letters, digits and "-"'
  if (typeof module !== 'string') return '"module" must name a file'
  const file = resolve(plugin.root, module)
  if (!file.startsWith(join(plugin.root, sep))) return '"module" must lie inside of the plugin'
  if (typeof priority !== 'number' || !Number.isFinite(priority)) return '"priority" must be a number'
  if (requires !== undefined && typeof requires !== 'string') return '"requires" must be a text'
  return {
    kind,
    id,
    title: typeof title === 'string' ? title : id,
    plugin: plugin.name,
    module: file,
    priority,
    requires,
  }
}

const isKind = (kind: unknown): kind is ProviderKind => typeof kind === 'string' && Object.hasOwn(KINDS, kind)

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
