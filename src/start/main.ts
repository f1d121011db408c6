import {enableCompileCache} from 'node:module'
import {join} from 'node:path'
import {makePrivateFolder} from '@omni-cli/sdk'
import {completeLine} from '../completion/complete-line.ts'
import {readIndex} from './index-file.ts'
import {print} from './print.ts'
import {quickRootHelp} from './quick-help.ts'
import {openSurroundings, type Surroundings} from './surroundings.ts'

/**
 * The start of the program. What needs no command (version, root help, completion) is answered here and now; nothing
 * of oclif is loaded before a command needs it.
 */
export async function main(argv: readonly string[], root: string): Promise<void> {
  const here = openSurroundings(root, process.env)
  const text = await quickAnswer(argv, here)
  if (text !== undefined) {
    try {
      return print(text)
    } catch (error) {
      const {tellFailure} = await import('./tell-failure.ts')
      return tellFailure(error, argv)
    }
  }
  if (process.env.OMNI_NO_COMPILE_CACHE !== '1') keepCompiled(join(here.home, 'cache', 'compile'))
  // bin/run.js has looked at Node's version; oclif would load a library for it.
  process.env.OCLIF_DISABLE_ENGINE_WARNING = '1'
  const {dispatch} = await import('./dispatch.ts')
  await dispatch(argv, here)
}

/** What can be said without a command; undefined when one has to run. */
async function quickAnswer(argv: readonly string[], here: Surroundings): Promise<string | undefined> {
  const [first] = argv
  if (first === '--version' || first === '-v') {
    return `omni ${readIndex(here.root).version} ${process.platform}-${process.arch} node-${process.version}\n`
  }
  if (first === '__complete') return completeLine(argv.slice(1), here)
  return argv.length === 0 || (argv.length === 1 && isHelp(first)) ? quickRootHelp(here) : undefined
}

const isHelp = (word: string | undefined): boolean => word === '--help' || word === '-h' || word === 'help'

/** Where nothing can be kept, each start compiles anew. Node itself would try to make the folder for ever in some places. */
function keepCompiled(folder: string): void {
  try {
    makePrivateFolder(folder)
  } catch {
    return
  }
  enableCompileCache(folder)
}
