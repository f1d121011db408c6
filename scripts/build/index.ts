import {commandWords} from '../../src/completion/command-words.ts'
import type {CommandWordsFile} from '../../src/completion/complete-line.ts'
import {KINDS} from '../../src/resources/kinds.ts'
import type {CommandIndex, IndexedCommand} from '../../src/start/index-file.ts'
import type {Manifests} from './manifest.ts'
import {commandId, type Entries, readPackage} from './packages.ts'

/** What the start has to know without loading a command. */
export async function buildIndex(root: string, entries: Entries, manifests: Manifests): Promise<CommandIndex> {
  const pjson = await readPackage(root)
  const files = new Map(entries.commands.map(({name}) => [commandId(name), `${name}.cjs`]))
  const commands: Record<string, IndexedCommand> = {}
  const aliases: Record<string, string> = {}
  const topics: Record<string, string> = {}
  for (const [id, command] of commandsOf(manifests)) {
    commands[id] = {
      file: files.get(id) ?? '',
      summary: command.summary ?? command.description?.split('\n', 1)[0] ?? '',
      hidden: command.hidden === true,
      needsPlugins: command.needsPlugins === true || !files.has(id),
      plugin: files.has(id) ? undefined : (command.pluginName ?? 'unknown'),
    }
    for (const alias of [...command.aliases, ...command.hiddenAliases]) aliases[alias.replaceAll(' ', ':')] = id
    const parts = id.split(':')
    for (let count = 1; count < parts.length; count++) topics[parts.slice(0, count).join(':')] ??= ''
  }
  for (const {pjson: owner} of [...entries.plugins, {pjson}]) {
    for (const [name, {description}] of Object.entries(owner.oclif?.topics ?? {})) topics[name] = description ?? ''
  }
  return {
    version: pjson.version,
    commands,
    aliases,
    topics,
    plugins: entries.plugins.map((plugin) => ({name: plugin.pjson.name, version: plugin.pjson.version})),
    kinds: KINDS.map(({kind, plural, short}) => ({kind, plural, short})),
    contributions: contributions(entries),
  }
}

const contributions = (entries: Entries): CommandIndex['contributions'] =>
  entries.providers.map(({name, plugin, block}) => ({
    kind: block.kind as CommandIndex['contributions'][number]['kind'],
    id: block.id,
    title: block.title ?? block.id,
    plugin,
    module: `${name}.cjs`,
    priority: block.priority ?? 0,
    ...(block.requires === undefined ? {} : {requires: block.requires}),
  }))

/** What completes after each command: `dist/complete.json`. */
export const buildCompletion = (manifests: Manifests): CommandWordsFile =>
  Object.fromEntries(commandsOf(manifests).map(([id, command]) => [id, commandWords(command)]))

const commandsOf = ({own, others}: Manifests) => [own, ...others].flatMap(({commands}) => Object.entries(commands))
