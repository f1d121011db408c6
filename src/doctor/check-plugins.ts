import {describePlugins, type PluginDescription} from '../plugins/describe-plugins.ts'
import {pluginsPlace} from '../plugins/place.ts'
import {type Check, type Finding, fine} from './finding.ts'

/** Each plugin that was added: does it load, is it silent, does it stay in its own place. */
export const checkPlugins: Check = async ({config, home}) => {
  const plugins = await describePlugins(await pluginsPlace(config, home))
  return plugins.flatMap(findingsOf)
}

function findingsOf({name, version, status, problems}: PluginDescription): Finding[] {
  const subject = `plugin ${name}`
  if (status === 'off') return [fine(subject, 'turned off in the configuration')]
  if (problems.length === 0) return [fine(subject, version)]
  return problems.map((message) => ({
    subject,
    status: status === 'broken' ? 'error' : 'warning',
    message,
    fix: `omni plugin uninstall ${name}`,
  }))
}
