import {writeSync} from 'node:fs'
import {enableCompileCache} from 'node:module'
import {join} from 'node:path'
import {omniHome, pluginHome} from './home.ts'
import {readIndex} from './index-file.ts'

/**
 * The start of the program. What needs no command (version, completion, the root help) is answered here; nothing of
 * oclif is loaded before it is needed.
 */
export async function main(argv: readonly string[], root: string): Promise<void> {
  const [first] = argv
  if (first === '--version' || first === '-v') {
    answer(`omni ${readIndex(root).version} ${process.platform}-${process.arch} node-${process.version}\n`)
    return
  }
  const home = omniHome(process.env)
  process.env.OMNI_DATA_DIR ??= pluginHome(process.env)
  process.env.OMNI_CACHE_DIR ??= join(home, 'cache')
  process.env.OMNI_CONFIG_DIR ??= home
  enableCompileCache(join(home, 'cache', 'compile'))
  const {dispatch} = await import('./dispatch.ts')
  await dispatch(argv, root)
}

/** All at once and synchronously, as nothing else will run; a reader that has gone is no error. */
function answer(text: string): void {
  try {
    writeSync(1, text)
  } catch {
    process.exitCode = 1
  }
}
