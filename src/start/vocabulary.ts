import {nearest} from '@omni-cli/sdk'
import type {HelpRow} from '../help/root-help.ts'
import type {PluginIndex} from '../plugins/plugin-index.ts'
import type {CommandIndex} from './index-file.ts'
import type {Vocabulary} from './resolve.ts'

/** All that can be typed, the CLI's own words before those of plugins. */
export function vocabularyOf(own: CommandIndex, plugins: PluginIndex): Vocabulary {
  const sources = [own, plugins]
  return {
    has: (id) => sources.some(({commands}) => Object.hasOwn(commands, id)),
    alias: (id) => sources.find(({aliases}) => Object.hasOwn(aliases, id))?.aliases[id],
    isTopic: (id) => sources.some(({topics}) => Object.hasOwn(topics, id)),
  }
}

/** Rows of the root help: first words of all commands that are not hidden. */
export function rootRows(own: CommandIndex, plugins: PluginIndex): HelpRow[] {
  const rows = new Map<string, string>()
  for (const {commands, topics} of [own, plugins]) {
    for (const [id, {summary, hidden}] of Object.entries(commands)) {
      if (hidden) continue
      const [name = id] = id.split(':')
      const text = name === id ? summary : (topics[name] ?? '')
      if (!rows.get(name) || (name === id && summary !== '')) rows.set(name, text)
    }
  }
  return [...rows].map(([name, summary]) => ({name, summary}))
}

/** At most three names that may have been meant, nearest first, as they are typed. */
export function suggestions(words: readonly string[], own: CommandIndex, plugins: PluginIndex): string[] {
  const typed = words.join(' ')
  const ids = [own, plugins].flatMap(({commands, aliases}) => [
    ...Object.entries(commands).flatMap(([id, {hidden}]) => (hidden ? [] : [id])),
    ...Object.keys(aliases),
  ])
  const parts = words.length
  const candidates = new Set(ids.map((id) => id.split(':').slice(0, parts).join(' ')))
  const found: string[] = []
  while (found.length < 3) {
    const best = nearest(typed, candidates)
    if (best === undefined) return found
    found.push(best)
    candidates.delete(best)
  }
  return found
}
