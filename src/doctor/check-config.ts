import {stat} from 'node:fs/promises'
import {isOmniError, messageOf} from '@omni-cli/sdk'
import {configFileIn, loadConfig} from '@omni-cli/sdk/cli'
import {aliasWords, PROTECTED_NAMES} from '../aliases/expand.ts'
import {type Check, type Finding, fine} from './finding.ts'

export const checkConfig: Check = async ({home}) => {
  // That is told once, as what is wrong with the home.
  if ((await stat(home).catch(() => undefined))?.isFile()) return []
  try {
    const {config, exists, warning} = await loadConfig(home)
    if (!exists) return [fine('configuration', 'there is none: everything on this machine')]
    const current = config['current-context'] ?? 'default'
    const state: Finding =
      warning === undefined
        ? fine('configuration', `${configFileIn(home)}, context '${current}'`)
        : {subject: 'configuration', status: 'warning', message: warning, fix: `chmod 600 '${configFileIn(home)}'`}
    return [state, ...Object.entries(config.aliases).flatMap(([name, value]) => checkAlias(name, value))]
  } catch (error) {
    const fix = isOmniError(error) ? error.hint : undefined
    return [{subject: 'configuration', status: 'error', message: messageOf(error), fix: fix ?? 'omni config edit'}]
  }
}

function checkAlias(name: string, value: string | readonly string[]): Finding[] {
  const fix = `omni alias remove ${name}`
  if (PROTECTED_NAMES.includes(name)) {
    return [{subject: `alias ${name}`, status: 'warning', message: 'is never used: it would hide a command', fix}]
  }
  try {
    aliasWords(name, value)
    return []
  } catch (error) {
    return [{subject: `alias ${name}`, status: 'error', message: messageOf(error), fix}]
  }
}
