import {join} from 'node:path'
import {type Interfaces, Plugin} from '@oclif/core'
import {messageOf} from '@omni-cli/sdk'
import {pluginNames} from '@omni-cli/sdk/cli'
import {firstLine, guarded} from './guard.ts'
import type {PluginProblem} from './plugin-index.ts'
import {listUserPlugins, type UserPlugin} from './user-plugins.ts'

export interface LoadedPlugins {
  /** By name: the CLI itself first, then the user's, then the ones it brings. The first one wins a command. */
  readonly plugins: Map<string, Interfaces.Plugin>
  readonly problems: readonly PluginProblem[]
}

export interface PluginSwitch {
  readonly name: string
  readonly enabled: boolean
}

export interface LoadPluginsOptions {
  readonly root: string
  readonly pjson: Interfaces.PJSON
  readonly dataDir: string
  /** `plugins:` of the configuration. */
  readonly switches: readonly PluginSwitch[]
}

/** Loads every plugin. One that throws, or prints while it is imported, becomes a problem and disturbs nobody. */
export async function loadPlugins(options: LoadPluginsOptions): Promise<LoadedPlugins> {
  const plugins = new Map<string, Interfaces.Plugin>()
  const problems: PluginProblem[] = []
  const add = async (wanted: ConstructorParameters<typeof Plugin>[0], name: string): Promise<void> => {
    const {plugin, complaints} = await loadQuietly(new Plugin(wanted))
    problems.push(...complaints.map((problem) => ({plugin: name, problem})))
    if (plugin !== undefined && !plugins.has(plugin.name)) plugins.set(plugin.name, plugin)
  }

  await add({root: options.root, pjson: options.pjson, isRoot: true}, options.pjson.name)
  for (const user of listUserPlugins(options.dataDir)) {
    if (isEnabled(user, options.switches)) await add(optionsOf(user, options.dataDir), user.name)
  }
  for (const name of corePlugins(options.pjson)) await add({root: options.root, name, type: 'core'}, name)
  return {plugins, problems}
}

/** What comes with the CLI but is not part of its bundle. */
const corePlugins = (pjson: Interfaces.PJSON): readonly string[] =>
  (pjson.oclif.plugins ?? []).filter((name) => name.startsWith('@oclif/'))

function isEnabled({name}: UserPlugin, switches: LoadPluginsOptions['switches']): boolean {
  const names = pluginNames(name)
  return !switches.some((entry) => !entry.enabled && names.includes(entry.name))
}

const optionsOf = ({name, type, root, tag, url}: UserPlugin, dataDir: string) => ({
  name,
  type,
  root: type === 'link' ? root : join(dataDir, 'package.json'),
  ...(tag === undefined ? {} : {tag}),
  ...(url === undefined ? {} : {url}),
})

interface Loaded {
  readonly plugin: Plugin | undefined
  readonly complaints: readonly string[]
}

/** Without a manifest, loading imports every command of the plugin: it may throw, warn and print. */
const loadQuietly = (plugin: Plugin): Promise<Loaded> =>
  guarded(async (report) => {
    const failure = await plugin.load().then(
      () => [],
      (error) => [firstLine(messageOf(error))],
    )
    const noise = report.printed === '' ? [] : ['prints to stdout while it is imported']
    return {plugin: failure.length === 0 ? plugin : undefined, complaints: [...report.warnings, ...failure, ...noise]}
  })
