import {guess, OmniError} from '@omni-cli/sdk'
import type {ConfigEditor, ConfigPath} from '@omni-cli/sdk/cli'

const TOP_KEYS = ['current-context', 'contexts', 'preferences', 'plugins', 'aliases']

export interface KeyPath {
  readonly path: ConfigPath
  /** Set when the key names an entry of a list that is not there. */
  readonly missing?: {readonly list: string; readonly name: string; readonly rest: readonly string[]} | undefined
}

/**
 * `preferences.output-format`, `contexts.lab.orca.url`, `plugins.cost.enabled` → where it is in the file. Entries of
 * lists are called by their names, which may hold dots. USAGE for a first word that no configuration has.
 */
export function keyPath(editor: ConfigEditor, key: string): KeyPath {
  const [top = '', ...rest] = key.split('.')
  if (!TOP_KEYS.includes(top)) {
    throw new OmniError('USAGE', `there is no setting '${key}'${guess(top, TOP_KEYS)}`, {
      hint: 'omni config view',
    })
  }
  if ((top !== 'contexts' && top !== 'plugins') || rest.length === 0) return {path: [top, ...rest]}
  return entryPath(editor, top, key.slice(top.length + 1))
}

function entryPath(editor: ConfigEditor, list: string, text: string): KeyPath {
  const found = namesIn(editor.get([list]))
    .map((name, index) => ({name, index}))
    .filter(({name}) => text === name || text.startsWith(`${name}.`))
    .toSorted((a, b) => b.name.length - a.name.length)
    .at(0)
  if (found !== undefined) {
    const rest = text.slice(found.name.length + 1)
    return {path: [list, found.index, ...(rest === '' ? [] : rest.split('.'))]}
  }
  const [name = '', ...rest] = text.split('.')
  return {path: [list], missing: {list, name, rest}}
}

function namesIn(list: unknown): string[] {
  if (!Array.isArray(list)) return []
  return list.map((entry) => (typeof entry === 'object' && entry !== null && 'name' in entry ? String(entry.name) : ''))
}

/** NOT_FOUND for an entry that is not there, with the nearest name. */
export function missingEntry(
  editor: ConfigEditor,
  {list, name}: {readonly list: string; readonly name: string},
): OmniError {
  const kind = list === 'contexts' ? 'context' : 'plugin setting'
  return new OmniError('NOT_FOUND', `there is no ${kind} '${name}'${guess(name, namesIn(editor.get([list])))}`, {
    hint: list === 'contexts' ? `omni init --name ${name}` : 'omni config view',
  })
}
