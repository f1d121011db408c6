import {homedir} from 'node:os'
import {join, resolve} from 'node:path'
import {OmniError} from '../../errors.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Folder of omni's own files: `OMNI_HOME`, else `~/.ome`. Absolute; may not exist. CONFIG_INVALID without any home. */
export function omniHome(env: Env = process.env): string {
  if (env.OMNI_HOME) return resolve(env.OMNI_HOME)
  const home = env.HOME || userHome()
  if (!home.startsWith('/') && process.platform !== 'win32') {
    throw new OmniError('CONFIG_INVALID', 'there is no home folder: HOME is not set', {
      hint: 'export OMNI_HOME=/some/folder',
    })
  }
  return join(home, '.ome')
}

export const configFileIn = (home: string): string => join(home, 'config.yaml')

function userHome(): string {
  try {
    return homedir()
  } catch {
    // A user id without an entry in the password file, as containers have it.
    return ''
  }
}
