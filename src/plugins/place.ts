import type {Interfaces} from '@oclif/core'
import {readStartSettings} from '../start/settings.ts'
import type {PluginsPlace} from './describe-plugins.ts'

/** Where the plugins of this run are, from what oclif knows. */
export async function pluginsPlace({root, pjson, dataDir}: Interfaces.Config, home: string): Promise<PluginsPlace> {
  const {switches} = await readStartSettings(home)
  return {root, pjson, home, dataDir, switches}
}
