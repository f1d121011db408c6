import {OmniError} from '@omni-cli/sdk'
import {configTools} from '@omni-cli/sdk/cli'
import {aliasWords, PROTECTED_NAMES} from './expand.ts'

/** One alias, as it is listed. */
export interface Alias {
  readonly name: string
  readonly value: string
}

const NAME = /^[a-z][a-z0-9-]*$/

/** `NAME=WORDS` → alias. USAGE when the name cannot be one, or the words cannot be split. */
export function parseAssignment(text: string): Alias {
  const at = text.indexOf('=')
  const name = text.slice(0, Math.max(at, 0))
  const value = text.slice(at + 1).trim()
  if (at < 0) throw new OmniError('USAGE', `'${text}' is no NAME=WORDS`, {hint: `omni alias ${text}='deploy --wait'`})
  if (!NAME.test(name)) throw new OmniError('USAGE', `an alias has lower-case letters, digits and '-': '${name}'`)
  if (PROTECTED_NAMES.includes(name)) throw new OmniError('USAGE', `'${name}' cannot be an alias: it repairs aliases`)
  if (value === '') throw new OmniError('USAGE', `alias '${name}' is empty`, {hint: `omni alias remove ${name}`})
  const [first = ''] = aliasWords(name, value)
  if (first.startsWith('-'))
    throw new OmniError('USAGE', `alias '${name}' must begin with a command, not with '${first}'`)
  return {name, value}
}

/** Adds or replaces aliases in the configuration file. */
export async function setAliases(home: string, aliases: readonly Alias[]): Promise<void> {
  const {editConfig} = await configTools()
  await editConfig(home, (editor) => {
    for (const {name, value} of aliases) editor.set(['aliases', name], value)
  })
}

/** NOT_FOUND for one that is not there; nothing is removed then. */
export async function removeAliases(home: string, names: readonly string[]): Promise<void> {
  const {editConfig} = await configTools()
  await editConfig(home, (editor) => {
    for (const name of names) {
      if (editor.get(['aliases', name]) === undefined) {
        throw new OmniError('NOT_FOUND', `there is no alias '${name}'`, {hint: 'omni alias list'})
      }
      editor.remove(['aliases', name])
    }
  })
}
