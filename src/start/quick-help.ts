import {rootHelp} from '../help/root-help.ts'
import {readPluginIndex} from '../plugins/plugin-index.ts'
import {readIndex} from './index-file.ts'
import {readStartSettings} from './settings.ts'
import type {Surroundings} from './surroundings.ts'
import {rootRows} from './vocabulary.ts'

/** The root help, without loading a command or a plugin. Undefined when a plugin has changed and must be read first. */
export async function quickRootHelp({root, home, dataDir}: Surroundings): Promise<string | undefined> {
  const own = readIndex(root)
  const {aliases, switches} = await readStartSettings(home)
  const plugins = readPluginIndex({home, dataDir, version: own.version, switches})
  if (plugins === undefined) return undefined
  return rootHelp({
    version: own.version,
    rows: rootRows(own, plugins),
    aliases: Object.keys(aliases),
    columns: process.stdout.isTTY ? process.stdout.columns : 100,
    bold: hasColors() ? (text) => `\u001b[1m${text}\u001b[22m` : (text) => text,
  })
}

/** Reading `process.stdout` alone costs milliseconds of a pipe's start, so it is asked last. */
const hasColors = (): boolean => !process.env.NO_COLOR && process.env.TERM !== 'dumb' && process.stdout.isTTY
