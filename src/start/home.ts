import {homedir} from 'node:os'
import {join, resolve} from 'node:path'

type Env = Readonly<Record<string, string | undefined>>

/** Folder of omni's own files: `OMNI_HOME`, else `~/.ome`. Not created here. */
export const omniHome = (env: Env): string =>
  env.OMNI_HOME === undefined || env.OMNI_HOME === '' ? join(env.HOME || homedir(), '.ome') : resolve(env.OMNI_HOME)

/** Folder of the plugins a user installs. */
export const pluginHome = (env: Env): string => env.OMNI_DATA_DIR || join(omniHome(env), 'plugins')
