import {statSync} from 'node:fs'
import {homedir} from 'node:os'
import {join, resolve} from 'node:path'
import {pathToFileURL} from 'node:url'
import {OmniError} from '@omni-cli/sdk'

/**
 * What a person calls a plugin, as npm understands it: a path or a tarball becomes a `file:` URL, everything else
 * (`acme`, `@acme/omni-plugin`, `name@1.2.3`, a git URL) stays. NOT_FOUND for a path that is not there.
 */
export function pluginSource(text: string, cwd: string): string {
  if (!isPath(text)) return text
  const path = resolve(cwd, text.replace(/^file:(\/\/)?/, '').replace(/^~(?=\/|$)/, homedir()))
  const stats = statSync(path, {throwIfNoEntry: false})
  if (stats === undefined) throw new OmniError('NOT_FOUND', `there is no '${path}' to install`)
  if (stats.isDirectory() && statSync(join(path, 'package.json'), {throwIfNoEntry: false}) === undefined) {
    throw new OmniError('PLUGIN_INVALID', `'${path}' has no package.json`, {hint: 'npm init in that folder'})
  }
  return pathToFileURL(path).href
}

const isPath = (text: string): boolean =>
  /^(\.{1,2}(\/|$)|\/|~(\/|$)|file:)/.test(text) || (/\.(tgz|tar\.gz)$/.test(text) && !/^[a-z+]+:\/\//.test(text))
