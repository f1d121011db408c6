import {readFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {join} from 'node:path'
import {Config, flush, handle, type Interfaces, settings} from '@oclif/core'
import {OmniError} from '@omni-cli/sdk'
import {enabledContributions, provideHost} from '@omni-cli/sdk/cli'
import {expandAliases} from '../aliases/expand.ts'
import {joinWords} from '../aliases/split.ts'
import {indexOf} from '../plugins/index-of.ts'
import {loadPlugins} from '../plugins/load-plugins.ts'
import {type PluginIndex, type PluginIndexKey, readPluginIndex, writePluginIndex} from '../plugins/plugin-index.ts'
import {shareSdk} from '../plugins/share-sdk.ts'
import {listUserPlugins} from '../plugins/user-plugins.ts'
import {type CommandIndex, readIndex} from './index-file.ts'
import {type Resolved, resolve} from './resolve.ts'
import {readStartSettings, type StartSettings} from './settings.ts'
import type {Surroundings} from './surroundings.ts'
import {tellFailure} from './tell-failure.ts'
import {suggestions, vocabularyOf} from './vocabulary.ts'

/** Everything known before the command line is read. */
interface Start extends Surroundings {
  readonly own: CommandIndex
  readonly settings: StartSettings
  readonly pjson: Interfaces.PJSON
}

/** Runs what the command line means, and sets the exit status. */
export async function dispatch(argv: readonly string[], here: Surroundings): Promise<void> {
  settings.enableAutoTranspile = false
  try {
    const start = {
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
  const key: PluginIndexKey = {...start, version: start.own.version, switches: start.settings.switches}
  // The long way can be asked for, to compare the two.
  const cached = process.env.OMNI_FULL_START === '1' ? undefined : readPluginIndex(key)
  // Before anything of a plugin is imported: the command itself may add the first one.
  if (argv[0]?.startsWith('plugin') || listUserPlugins(start.dataDir).length > 0) shareSdk(start.root)
  const loaded = cached === undefined ? await loadEverything(start, key) : undefined
  const plugins = cached ?? loaded?.index
  if (plugins === undefined) throw new Error('plugins were neither cached nor loaded')

  const found = resolve(argv, vocabularyOf(start.own, plugins))
  provideHost({contributions: contributionsOf(start, plugins)})
  if (found.type === 'unknown') throw unknownCommand(found.words, start.own, plugins)
  const needsAll = found.type === 'help' || isForPlugins(found.id, start.own, plugins)
  const config =
    loaded?.config ?? (needsAll ? (await loadEverything(start, key)).config : await quickConfig(found.id, start))
  await runIn(config, found)
}

/** True when the short way is closed: a command of a plugin, one that asks for all plugins, or a plugin with hooks. */
const isForPlugins = (id: string, own: CommandIndex, plugins: PluginIndex): boolean =>
  plugins.hasHooks || own.commands[id]?.needsPlugins !== false

async function runIn(config: Interfaces.Config, found: Exclude<Resolved, {type: 'unknown'}>): Promise<void> {
  if (found.type === 'help') {
    const {showHelp} = await import('../help/show-help.ts')
    return showHelp(config, found.id)
  }
  const args = [...found.args]
  try {
    await config.runHook('init', {argv: args, id: found.id})
    await config.runCommand(found.id, args)
    await flush()
  } catch (error) {
    await handle(error instanceof Error ? error : new Error(String(error)))
  } finally {
    await config.runHook('finally', {argv: args, id: found.id, Command: undefined, error: undefined})
  }
}

interface Everything {
  readonly config: Config
  readonly index: PluginIndex
}

/** The long way: all plugins, all commands. Leaves an index behind that makes the next run short. */
async function loadEverything(start: Start, key: PluginIndexKey): Promise<Everything> {
  const {plugins} = await loadPlugins({...start, switches: start.settings.switches})
  const config = await Config.load({root: start.root, pjson: start.pjson, plugins: asPlugins(plugins)})
  const index = indexOf(plugins.values(), (id) => Object.hasOwn(start.own.commands, id))
  writePluginIndex(key, index)
  return {config, index}
}

/** The short way: a configuration that knows one command, and where it is. */
async function quickConfig(id: string, start: Start): Promise<Config> {
  const {root, own, pjson} = start
  const file = join(root, 'dist', own.commands[id]?.file ?? '')
  const load = async () => {
    const command = createRequire(file)(file)
    return Object.assign(command, {id, plugin})
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
    commands: [{id, aliases: [], hiddenAliases: [], args: {}, flags: {}, hidden: false, pluginAlias: pjson.name, load}],
  }
  return Config.load({root, pjson, plugins: asPlugins(new Map([[pjson.name, plugin]]))})
}

/** oclif asks for its class where it uses a few fields. */
const asPlugins = (plugins: ReadonlyMap<string, unknown>) =>
  plugins as unknown as NonNullable<Interfaces.Options['plugins']>

const contributionsOf = ({root, own, settings: {switches}}: Start, plugins: PluginIndex) =>
  enabledContributions(
    [
      ...own.contributions.map((entry) => ({...entry, module: join(root, 'dist', entry.module)})),
      ...plugins.contributions,
    ],
    switches,
  )

function unknownCommand(words: readonly string[], own: CommandIndex, plugins: PluginIndex): OmniError {
  const meant = suggestions(words, own, plugins).map((name) => `omni ${name}`)
  return new OmniError('USAGE', `unknown command '${words.join(' ')}'`, {
    hint: meant.length === 0 ? 'omni --help' : meant.join('\n'),
  })
}

const readPackage = (root: string): Interfaces.PJSON => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
