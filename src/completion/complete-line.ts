import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {type Aliases, expandAliases} from '../aliases/expand.ts'
import {NO_PLUGINS, type PluginIndex, readPluginIndex} from '../plugins/plugin-index.ts'
import {type CommandIndex, readIndex} from '../start/index-file.ts'
import {readStartSettings} from '../start/settings.ts'
import type {Surroundings} from '../start/surroundings.ts'
import type {CommandWords} from './command-words.ts'
import {type CompletionSource, complete} from './complete.ts'
import type {KnownName} from './names.ts'
import {type Known, valuesOf} from './values.ts'

/** `dist/complete.json`: the words of each command. */
export type CommandWordsFile = Readonly<Record<string, CommandWords>>

/**
 * Answer of the hidden `omni __complete WORDS…`, which the shells call: a candidate a line, `value<TAB>note`; or the
 * one line `:files`. Never fails, never asks, never writes to stderr; what it does not know yet is fetched by another
 * process for the next time.
 */
export async function completeLine(words: readonly string[], here: Surroundings): Promise<string> {
  try {
    const own = readIndex(here.root)
    const {aliases, switches, context, contexts} = await readStartSettings(here.home)
    const plugins = readPluginIndex({...here, version: own.version, switches}) ?? NO_PLUGINS
    const typed = expandTyped(words, aliases)
    const known = {
      ...here,
      own,
      plugins,
      aliases,
      contexts,
      context: contextIn(typed) ?? context,
      stale: new Set<string>(),
    }
    const found = complete(typed, sourceOf(known))
    if (known.stale.size > 0) await refresh(known)
    return found === 'files' ? ':files\n' : found.map(lineOf).join('')
  } catch {
    return ''
  }
}

/** Loaded only when it is needed: starting a process needs a part of Node that costs more than all the rest here. */
async function refresh(known: Known): Promise<void> {
  const {refreshNames} = await import('./refresh-names.ts')
  for (const kind of known.stale) refreshNames(kind, known)
}

function expandTyped(words: readonly string[], aliases: Aliases): readonly string[] {
  const current = words.at(-1) ?? ''
  return [...expandAliases(words.slice(0, -1), aliases), current]
}

/** Names come from engines; a control character in one would become part of the command line. */
const lineOf = ([value, note]: KnownName): string =>
  /\p{Cc}/u.test(value) ? '' : `${value}\t${note.replace(/\p{Cc}/gu, ' ').slice(0, 80)}\n`

function sourceOf(known: Known): CompletionSource {
  const {own, plugins, aliases, root} = known
  let words: CommandWordsFile | undefined
  return {
    children: (path) => [...children(path, own, plugins), ...(path.length === 0 ? aliasNames(aliases) : [])],
    command: (path) => {
      const id = idOf(path.join(':'), own, plugins)
      if (id === undefined) return undefined
      words ??= JSON.parse(readFileSync(join(root, 'dist', 'complete.json'), 'utf8')) as CommandWordsFile
      return words[id] ?? plugins.commands[id]?.words
    },
    values: (subject) => valuesOf(subject, known),
  }
}

const idOf = (typed: string, own: CommandIndex, plugins: PluginIndex): string | undefined =>
  [own, plugins].flatMap(({commands, aliases}) => {
    if (Object.hasOwn(commands, typed)) return [typed]
    const aliased = Object.hasOwn(aliases, typed) ? aliases[typed] : undefined
    return aliased === undefined ? [] : [aliased]
  })[0]

function children(path: readonly string[], own: CommandIndex, plugins: PluginIndex): KnownName[] {
  const prefix = path.map((word) => `${word}:`).join('')
  const found = new Map<string, string>()
  for (const {commands, topics} of [own, plugins]) {
    for (const [id, {summary, hidden}] of Object.entries(commands)) {
      if (hidden || !id.startsWith(prefix)) continue
      const [word = '', ...deeper] = id.slice(prefix.length).split(':')
      if (word === '') continue
      const note = deeper.length === 0 ? summary : (topics[prefix + word] ?? '')
      if (!found.get(word) || deeper.length === 0) found.set(word, note)
    }
  }
  return [...found].sort()
}

const aliasNames = (aliases: Aliases): KnownName[] =>
  Object.entries(aliases).map(([name, value]) => [
    name,
    `alias: ${typeof value === 'string' ? value : value.join(' ')}`,
  ])

/** `--context x` on the line is the context whose names are asked for. */
function contextIn(words: readonly string[]): string | undefined {
  const at = words.indexOf('--context')
  const assigned = words.find((word) => word.startsWith('--context='))
  return assigned?.slice('--context='.length) ?? (at === -1 ? undefined : words[at + 1])
}
