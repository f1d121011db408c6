import {fstatSync} from 'node:fs'
import type {Aliases} from '../aliases/expand.ts'
import {rootHelp} from '../help/root-help.ts'
import {type PluginIndex, readPluginIndex} from '../plugins/plugin-index.ts'
import {type CommandIndex, readIndex} from './index-file.ts'
import {readStartSettings} from './settings.ts'
import type {Surroundings} from './surroundings.ts'
import {rootRows} from './vocabulary.ts'

/** Width of the help where there is no terminal. */
const PLAIN_COLUMNS = 100

/** The root help, without loading a command or a plugin. Undefined when a plugin has changed and must be read first. */
export async function quickRootHelp({root, home, dataDir}: Surroundings): Promise<string | undefined> {
  const own = readIndex(root)
  const {aliases, switches} = await readStartSettings(home)
  const plugins = readPluginIndex({home, dataDir, version: own.version, switches})
  return plugins === undefined ? undefined : rootHelpText(own, plugins, aliases)
}

export function rootHelpText(own: CommandIndex, plugins: PluginIndex, aliases: Aliases): string {
  const isTerminal = isOnTerminal()
  const isBold = isTerminal && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
  return rootHelp({
    version: own.version,
    rows: rootRows(own, plugins),
    aliases: Object.keys(aliases),
    columns: isTerminal ? process.stdout.columns : PLAIN_COLUMNS,
    bold: isBold ? (text) => `\u001b[1m${text}\u001b[22m` : (text) => text,
  })
}

/** Making `process.stdout` costs milliseconds, and a file or a pipe needs none. */
const isOnTerminal = (): boolean => fstatSync(1).isCharacterDevice() && process.stdout.isTTY
