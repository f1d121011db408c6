import {execFile} from 'node:child_process'
import {join} from 'node:path'
import {promisify} from 'node:util'
import type {Interfaces} from '@oclif/core'
import {describePlugins, type PluginDescription} from './describe-plugins.ts'
import {pluginsPlace} from './place.ts'
import {type PluginsCommand, runPluginsCommand} from './run-plugins-command.ts'

/** What a change of the plugins has brought. */
export interface PluginChange {
  /** Added, or newer than before. */
  readonly changed: readonly PluginDescription[]
  readonly removed: readonly string[]
}

export interface PluginRequest {
  readonly command: PluginsCommand
  readonly argv: readonly string[]
}

/** Lets npm change the plugins, then looks at what is there now; an installed plugin's faults are in its description. */
export async function changePlugins(
  {command, argv}: PluginRequest,
  config: Interfaces.Config,
  home: string,
): Promise<PluginChange> {
  const before = await describePlugins(await pluginsPlace(config, home))
  await runPluginsCommand(command, argv, config)
  const after = await describeAnew(config)
  const isSame = (plugin: PluginDescription) =>
    before.some(({name, version, root}) => name === plugin.name && version === plugin.version && root === plugin.root)
  return {
    changed: after.filter((plugin) => !isSame(plugin)),
    removed: before.filter(({name}) => !after.some((plugin) => plugin.name === name)).map(({name}) => name),
  }
}

/** In another process, as this one has imported the old plugins and keeps them. */
async function describeAnew({root}: Interfaces.Config): Promise<PluginDescription[]> {
  const args = [join(root, 'bin', 'run.js'), 'plugin', 'list', '--output', 'json']
  const env = {...process.env, OMNI_NO_ALIAS: '1'}
  const {stdout} = await promisify(execFile)(process.execPath, args, {env, maxBuffer: 64 * 1024 * 1024})
  // Our own command, whose JSON is the description as it is.
  return JSON.parse(stdout) as PluginDescription[]
}
