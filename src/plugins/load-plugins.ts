import {join} from 'node:path'
import {type Interfaces, Plugin} from '@oclif/core'
import {messageOf} from '@omni-cli/sdk'
import {pluginNames} from '@omni-cli/sdk/cli'
import {listUserPlugins, type UserPlugin} from './user-plugins.ts'

/** Something that is wrong with an installed plugin; the rest works without it. */
export interface PluginProblem {
  readonly plugin: string
  readonly problem: string
}

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
async function loadQuietly(plugin: Plugin): Promise<Loaded> {
  const complaints: string[] = []
  const onWarning = (warning: Error) => complaints.push(reasonIn(warning.message))
  const emitWarning = process.emitWarning
  const {write} = process.stdout
  let isNoisy = false
  process.emitWarning = (warning: string | Error) => void onWarning(warning instanceof Error ? warning : Error(warning))
  process.stdout.write = () => {
    isNoisy = true
    return true
  }
  try {
    await plugin.load()
    return {plugin, complaints}
  } catch (error) {
    complaints.push(reasonIn(messageOf(error)))
    return {plugin: undefined, complaints}
  } finally {
    process.emitWarning = emitWarning
    process.stdout.write = write
    if (isNoisy) complaints.push('prints to stdout while it is imported')
  }
}

/** oclif's warnings are small documents; the reason stands in their line `message:`. */
const reasonIn = (text: string): string => /^message: (.*)$/m.exec(text)?.[1] ?? text.split('\n', 1)[0] ?? ''
