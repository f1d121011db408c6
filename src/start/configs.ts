import {createRequire} from 'node:module'
import {join} from 'node:path'
import {Config, type Interfaces} from '@oclif/core'
import {indexOf} from '../plugins/index-of.ts'
import {loadPlugins} from '../plugins/load-plugins.ts'
import {type PluginIndex, type PluginIndexKey, writePluginIndex} from '../plugins/plugin-index.ts'
import type {CommandIndex} from './index-file.ts'
import type {StartSettings} from './settings.ts'
import type {Surroundings} from './surroundings.ts'

/** Everything known before the command line is read. */
export interface Start extends Surroundings {
  readonly own: CommandIndex
  readonly settings: StartSettings
  readonly pjson: Interfaces.PJSON
}

export interface Everything {
  readonly config: Config
  readonly index: PluginIndex
}

/** The long way: all plugins, all commands. Leaves an index behind that makes the next run short. */
export async function loadEverything(start: Start, key: PluginIndexKey): Promise<Everything> {
  const loaded = await loadPlugins({...start, switches: start.settings.switches})
  const config = await Config.load({root: start.root, pjson: start.pjson, plugins: asPlugins(loaded.plugins)})
  const index = indexOf(loaded, (id) => Object.hasOwn(start.own.commands, id))
  writePluginIndex(key, index)
  return {config, index}
}

/** The short way: a configuration that knows one command, and where it is. */
export async function quickConfig(id: string, {root, own, pjson}: Start): Promise<Config> {
  const file = join(root, 'dist', own.commands[id]?.file ?? '')
  const load = async () => Object.assign(createRequire(file)(file), {id, plugin})
  const command = {
    id,
    aliases: [],
    hiddenAliases: [],
    args: {},
    flags: {},
    hidden: false,
    pluginAlias: pjson.name,
    load,
  }
  const plugin = {
    name: pjson.name,
    version: pjson.version,
    root,
    pjson,
    type: 'core',
    alias: pjson.name,
    valid: true,
    isRoot: true,
    topics: [],
    hooks: {},
    commandIDs: [id],
    commands: [command],
  }
  return Config.load({root, pjson, plugins: asPlugins(new Map([[pjson.name, plugin]]))})
}

/** oclif asks for its class where it uses a few fields. */
const asPlugins = (plugins: ReadonlyMap<string, unknown>) =>
  plugins as unknown as NonNullable<Interfaces.Options['plugins']>
