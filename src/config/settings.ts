import {OmniError} from '@omni-cli/sdk'
import {type ConfigEditor, configFileIn, configTools, readConfigText} from '@omni-cli/sdk/cli'
import {keyPath, missingEntry} from './key-path.ts'

/** The value of a key as the file has it. NOT_FOUND when it is not set. */
export async function getSetting(home: string, key: string): Promise<unknown> {
  const {openConfigText, parseConfig} = await configTools()
  const file = configFileIn(home)
  const text = (await readConfigText(file)) ?? ''
  parseConfig(text, file)
  const editor = openConfigText(text)
  const {path, missing} = keyPath(editor, key)
  if (missing !== undefined) throw missingEntry(editor, missing)
  const value = editor.get(path)
  if (value === undefined) throw new OmniError('NOT_FOUND', `'${key}' is not set`, {hint: 'omni config view --origin'})
  return value
}

/** Writes one value; comments stay. The word is read as YAML where the setting wants something other than a text. */
export async function setSetting(home: string, key: string, word: string): Promise<unknown> {
  const {editConfig, parseConfigValue} = await configTools()
  const value = parseConfigValue(word)
  const isText = typeof value === 'string'
  try {
    await editConfig(home, (editor) => setValue(editor, key, value))
    return value
  } catch (error) {
    // `namespace: 123` is a text that looks like a number.
    if (isText || typeof value === 'object') throw error
    await editConfig(home, (editor) => setValue(editor, key, word)).catch(() => {
      throw error
    })
    return word
  }
}

function setValue(editor: ConfigEditor, key: string, value: unknown): void {
  const {path, missing} = keyPath(editor, key)
  if (missing === undefined) {
    editor.set(path, value)
    return
  }
  // A plugin that is not named yet is on; a context has more to it than one value.
  if (missing.list !== 'plugins' || missing.rest.length !== 1) throw missingEntry(editor, missing)
  const plugins = editor.get(['plugins'])
  const index = Array.isArray(plugins) ? plugins.length : 0
  if (index === 0) editor.set(['plugins'], [])
  editor.set(['plugins', index], {name: missing.name, [missing.rest[0] ?? '']: value})
}

/** Removes a key; removing what is not set succeeds. Tells whether it was set. */
export async function unsetSetting(home: string, key: string): Promise<boolean> {
  const {editConfig} = await configTools()
  let wasSet = false
  await editConfig(home, (editor) => {
    const {path, missing} = keyPath(editor, key)
    wasSet = missing === undefined && editor.remove(path)
  })
  return wasSet
}
