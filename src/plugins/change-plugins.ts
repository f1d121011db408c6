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
  const place = await pluginsPlace(config, home)
  const before = await describePlugins(place)
  await runPluginsCommand(command, argv, config)
  const after = await describePlugins(place)
  const isSame = (plugin: PluginDescription) =>
    before.some(({name, version, root}) => name === plugin.name && version === plugin.version && root === plugin.root)
  return {
    changed: after.filter((plugin) => !isSame(plugin)),
    removed: before.filter(({name}) => !after.some((plugin) => plugin.name === name)).map(({name}) => name),
  }
}
