import {writeSync} from 'node:fs'
import {enableCompileCache} from 'node:module'
import {join} from 'node:path'
import {makePrivateFolder} from '@omni-cli/sdk'
import {completeLine} from '../completion/complete-line.ts'
import {readIndex} from './index-file.ts'
import {quickRootHelp} from './quick-help.ts'
import {openSurroundings} from './surroundings.ts'

/**
 * The start of the program. What needs no command (version, root help, completion) is answered here and now; nothing
 * of oclif is loaded before a command needs it.
 */
export async function main(argv: readonly string[], root: string): Promise<void> {
  const [first] = argv
  if (first === '--version' || first === '-v') {
    return answer(`omni ${readIndex(root).version} ${process.platform}-${process.arch} node-${process.version}\n`)
  }
  const here = openSurroundings(root, process.env)
  if (first === '__complete') {
    return answer(await completeLine(argv.slice(1), here))
  }
  if (argv.length === 0 || (argv.length === 1 && isHelp(first))) {
    const text = await quickRootHelp(here)
    if (text !== undefined) return answer(text)
  }
  if (process.env.OMNI_NO_COMPILE_CACHE !== '1') keepCompiled(join(here.home, 'cache', 'compile'))
  // bin/run.js has looked at Node's version; oclif would load a library for it.
  process.env.OCLIF_DISABLE_ENGINE_WARNING = '1'
  const {dispatch} = await import('./dispatch.ts')
  await dispatch(argv, here)
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

/** All at once and synchronously, as nothing else will run; a reader that has gone is no error. */
function answer(text: string): void {
  const bytes = Buffer.from(text)
  let written = 0
  while (written < bytes.length) {
    try {
      written += writeSync(1, bytes, written)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      // A pipe that is full for the moment.
      if (code === 'EAGAIN') continue
      if (code !== 'EPIPE') process.exitCode = 1
      return
    }
  }
}
