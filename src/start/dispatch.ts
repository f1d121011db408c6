import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {flush, handle, type Interfaces, settings} from '@oclif/core'
import {OmniError} from '@omni-cli/sdk'
import {enabledContributions, provideHost} from '@omni-cli/sdk/cli'
import {expandAliases} from '../aliases/expand.ts'
import {joinWords} from '../aliases/split.ts'
import {type PluginIndex, readPluginIndex} from '../plugins/plugin-index.ts'
import {shareSdk} from '../plugins/share-sdk.ts'
import {listUserPlugins} from '../plugins/user-plugins.ts'
import {loadEverything, quickConfig, type Start} from './configs.ts'
import {type CommandIndex, readIndex} from './index-file.ts'
import {print} from './print.ts'
import {rootHelpText} from './quick-help.ts'
import {resolve} from './resolve.ts'
import {readStartSettings} from './settings.ts'
import type {Surroundings} from './surroundings.ts'
import {tellFailure} from './tell-failure.ts'
import {suggestions, vocabularyOf} from './vocabulary.ts'

/** Runs what the command line means, and sets the exit status. */
export async function dispatch(argv: readonly string[], here: Surroundings): Promise<void> {
  settings.enableAutoTranspile = false
  try {
    const start: Start = {
      ...here,
      own: readIndex(here.root),
      settings: await readStartSettings(here.home),
      pjson: readPackage(here.root),
    }
    const words = process.env.OMNI_NO_ALIAS === '1' ? argv : expandAliases(argv, start.settings.aliases)
    if (words !== argv) tellAlias(argv, words)
    await run(words, start)
  } catch (error) {
    await tellFailure(error, argv)
  }
}

/** Whoever asks for help with an alias gets that of another command, and should know why. */
function tellAlias(typed: readonly string[], words: readonly string[]): void {
  if (!typed.includes('--help') && !typed.includes('-h')) return
  const added = words.slice(0, words.length - typed.length + 1)
  process.stderr.write(`'${typed[0]}' is your alias for '${joinWords(added)}'\n`)
}

async function run(argv: readonly string[], start: Start): Promise<void> {
  const key = {...start, version: start.own.version, switches: start.settings.switches}
  // Before anything of a plugin is imported: the command itself may add the first one.
  if (argv[0]?.startsWith('plugin') || listUserPlugins(start.dataDir).length > 0) shareSdk(start.root)
  // The long way can be asked for, to compare the two.
  const cached = process.env.OMNI_FULL_START === '1' ? undefined : readPluginIndex(key)
  const loaded = cached === undefined ? await loadEverything(start, key) : undefined
  const plugins = cached ?? loaded?.index
  if (plugins === undefined) throw new Error('plugins were neither cached nor loaded')

  const found = resolve(argv, vocabularyOf(start.own, plugins))
  if (found.type === 'unknown') throw unknownCommand(found.words, start.own, plugins)
  if (found.type === 'root') {
    return print(rootHelpText(start.own, plugins, start.settings.aliases))
  }
  const isShort = found.type === 'command' && isAlone(found.id, start.own, plugins)
  const config =
    loaded?.config ?? (isShort ? await quickConfig(found.id, start) : (await loadEverything(start, key)).config)
  if (found.type === 'help') {
    const {showHelp} = await import('../help/show-help.ts')
    return showHelp(config, found.id)
  }
  provideHost({contributions: contributionsOf(start, plugins)})
  await runCommand(config, found.id, found.args)
}

/** False for a command of a plugin, for one that asks for all plugins, and when a plugin has hooks. */
const isAlone = (id: string, own: CommandIndex, plugins: PluginIndex): boolean =>
  !plugins.hasHooks && own.commands[id]?.needsPlugins === false

async function runCommand(config: Interfaces.Config, id: string, args: readonly string[]): Promise<void> {
  const argv = [...args]
  try {
    await config.runHook('init', {argv, id})
    await config.runCommand(id, argv)
    await flush()
  } catch (error) {
    await handle(error instanceof Error ? error : new Error(String(error)))
  } finally {
    await config.runHook('finally', {argv, id, Command: undefined, error: undefined})
  }
}

const contributionsOf = ({root, own, settings: {switches}}: Start, plugins: PluginIndex) => {
  const bundled = own.contributions.map((entry) => ({...entry, module: join(root, 'dist', entry.module)}))
  return enabledContributions([...bundled, ...plugins.contributions], switches)
}

function unknownCommand(words: readonly string[], own: CommandIndex, plugins: PluginIndex): OmniError {
  const meant = suggestions(words, own, plugins).map((name) => `omni ${name}`)
  return new OmniError('USAGE', `unknown command '${words.join(' ')}'`, {
    hint: meant.length === 0 ? 'omni --help' : meant.join('\n'),
  })
}

const readPackage = (root: string): Interfaces.PJSON => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
