import type {Interfaces} from '@oclif/core'
import {pluginNames, readContributions} from '@omni-cli/sdk/cli'
import {type CommandIndex, readIndex} from '../start/index-file.ts'
import {type LoadedPlugins, loadPlugins, type PluginSwitch} from './load-plugins.ts'
import {readPluginIndex} from './plugin-index.ts'
import {listUserPlugins} from './user-plugins.ts'

/** All there is to say about a plugin. */
export interface PluginDescription {
  readonly name: string
  readonly version: string
  /** `core` comes with omni, `user` was installed, `link` is used where it lies. */
  readonly type: string
  readonly status: 'ok' | 'off' | 'broken' | 'warning'
  readonly root: string
  /** As they are typed. */
  readonly commands: readonly string[]
  /** `kind/id`. */
  readonly providers: readonly string[]
  readonly problems: readonly string[]
}

export interface PluginsPlace {
  /** Folder of the CLI. */
  readonly root: string
  readonly pjson: Interfaces.PJSON
  readonly home: string
  readonly dataDir: string
  readonly switches: readonly PluginSwitch[]
}

/** Loads every plugin anew and describes each: the ones that come with omni, and the user's, also broken ones. */
export async function describePlugins(place: PluginsPlace): Promise<PluginDescription[]> {
  const own = readIndex(place.root)
  const loaded = await loadAgain(place, own)
  const bundled = own.plugins.map(({name, version}): PluginDescription => {
    const providers = own.contributions.filter(({plugin}) => plugin === name).map(({kind, id}) => `${kind}/${id}`)
    return {name, version, type: 'core', status: 'ok', root: place.root, commands: [], providers, problems: []}
  })
  const users = listUserPlugins(place.dataDir)
  const others = [...loaded.plugins.values()].filter((plugin) => !plugin.isRoot)
  const core = others
    .filter(({name}) => !users.some((user) => user.name === name))
    .map((plugin) => describe(plugin, own, loaded))
  const added = users.map(({name, type, root}): PluginDescription => {
    const plugin = loaded.plugins.get(name)
    if (plugin !== undefined) return describe(plugin, own, loaded)
    const isOff = isSwitchedOff(name, place.switches)
    const problems = isOff ? [] : problemsOf(name, loaded)
    return {name, version: '', type, root, status: isOff ? 'off' : 'broken', commands: [], providers: [], problems}
  })
  return [...bundled, ...core, ...added]
}

/** A module is imported once, so what it printed then is known from the load that the start has done. */
async function loadAgain(place: PluginsPlace, own: CommandIndex): Promise<LoadedPlugins> {
  const {plugins, problems} = await loadPlugins(place)
  const before = readPluginIndex({...place, version: own.version})?.problems ?? []
  return {plugins, problems: [...problems, ...before]}
}

function describe(plugin: Interfaces.Plugin, own: CommandIndex, loaded: LoadedPlugins): PluginDescription {
  const {contributions, warnings} = readContributions([plugin])
  const shadowed = plugin.commands
    .filter(({id}) => isOwn(id, plugin.name, own) || isTakenBefore(id, plugin, loaded))
    .map(({id}) => `its command 'omni ${id.replaceAll(':', ' ')}' is never run: another one has that name`)
  const problems = [...problemsOf(plugin.name, loaded), ...warnings, ...shadowed]
  return {
    name: plugin.name,
    version: plugin.version,
    type: plugin.type,
    status: problems.length === 0 ? 'ok' : 'warning',
    root: plugin.root,
    commands: plugin.commands.filter(({hidden}) => hidden !== true).map(({id}) => id.replaceAll(':', ' ')),
    providers: contributions.map(({kind, id}) => `${kind}/${id}`),
    problems,
  }
}

const isOwn = (id: string, plugin: string, {commands}: CommandIndex): boolean =>
  Object.hasOwn(commands, id) && commands[id]?.plugin !== plugin

function isTakenBefore(id: string, plugin: Interfaces.Plugin, {plugins}: LoadedPlugins): boolean {
  for (const other of plugins.values()) {
    if (other === plugin) return false
    if (!other.isRoot && other.commands.some((command) => command.id === id)) return true
  }
  return false
}

const problemsOf = (name: string, {problems}: LoadedPlugins): string[] => [
  ...new Set(problems.flatMap(({plugin, problem}) => (plugin === name ? [problem] : []))),
]

/** `plugins: [{name, enabled: false}]`, by the full name or its last part. */
export const isSwitchedOff = (name: string, switches: readonly PluginSwitch[]): boolean =>
  switches.some((entry) => !entry.enabled && pluginNames(name).includes(entry.name))
