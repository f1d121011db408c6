import {isDeepStrictEqual} from 'node:util'
import {type ConfigEditor, configTools} from '@omni-cli/sdk/cli'

export interface WriteContextOptions {
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
  /** Make it the current context. */
  readonly use: boolean
}

export interface ContextChange {
  readonly created: boolean
  /** Keys that get another value, with the old one. */
  readonly changed: readonly {readonly key: string; readonly from: unknown; readonly to: unknown}[]
  /** It becomes the current context and was not. */
  readonly switched: boolean
}

/** What writing would do to the configuration; pure. */
export function contextChange(editor: ConfigEditor, {name, settings, use}: WriteContextOptions): ContextChange {
  const index = indexOf(editor, name)
  const changed = Object.entries(settings)
    .map(([key, to]) => ({key, from: index === undefined ? undefined : editor.get(['contexts', index, key]), to}))
    .filter(({from, to}) => !isDeepStrictEqual(merged(from, to), from))
  return {created: index === undefined, changed, switched: use && editor.get(['current-context']) !== name}
}

/** Adds the context or changes the given keys of it; all else stays as it is. */
export async function writeContext(home: string, options: WriteContextOptions): Promise<ContextChange> {
  const {editConfig} = await configTools()
  let change: ContextChange | undefined
  await editConfig(home, (editor) => {
    change = contextChange(editor, options)
    apply(editor, options, change)
  })
  return change ?? {created: false, changed: [], switched: false}
}

function apply(editor: ConfigEditor, {name, settings}: WriteContextOptions, change: ContextChange): void {
  if (change.created) {
    const contexts = editor.get(['contexts'])
    const isList = Array.isArray(contexts) && contexts.length > 0
    const entry = {name, ...settings}
    if (isList) editor.set(['contexts', contexts.length], entry)
    else editor.set(['contexts'], [entry])
  } else {
    const index = indexOf(editor, name) ?? 0
    for (const {key, from, to} of change.changed) editor.set(['contexts', index, key], merged(from, to))
  }
  if (change.switched) editor.set(['current-context'], name)
}

/** Maps are merged, so that what was set by hand beside it stays. */
const merged = (from: unknown, to: unknown): unknown => (isMap(from) && isMap(to) ? {...from, ...to} : to)

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function indexOf(editor: ConfigEditor, name: string): number | undefined {
  const contexts = editor.get(['contexts'])
  const index = Array.isArray(contexts) ? contexts.findIndex((entry) => isMap(entry) && entry.name === name) : -1
  return index === -1 ? undefined : index
}
