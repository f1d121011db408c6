import {homedir} from 'node:os'
import {join, resolve} from 'node:path'

/** Where this run finds its files. */
export interface Surroundings {
  /** Folder of the package: `bin` and `dist` are in it. */
  readonly root: string
  /** `OMNI_HOME`, default `~/.ome`. */
  readonly home: string
  /** Folder of the plugins that the user adds. */
  readonly dataDir: string
}

type Env = Record<string, string | undefined>

/** Puts everything of oclif under the one home, so that another OMNI_HOME is another world. */
export function openSurroundings(root: string, env: Env): Surroundings {
  const home = env.OMNI_HOME ? resolve(env.OMNI_HOME) : join(env.HOME || userHome(), '.ome')
  env.OMNI_DATA_DIR ||= join(home, 'plugins')
  env.OMNI_CACHE_DIR ||= join(home, 'cache')
  env.OMNI_CONFIG_DIR ||= home
  // oclif would look for a theme file at every start.
  env.OMNI_DISABLE_THEME ||= '1'
  return {root, home, dataDir: env.OMNI_DATA_DIR}
}

/** A user id without an entry in the password file has none; the commands say so when they need it. */
function userHome(): string {
  try {
    return homedir()
  } catch {
    return '/nonexistent'
  }
}
