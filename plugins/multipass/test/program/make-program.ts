import {chmod, mkdir, readFile, rename, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {writeGuestPrograms} from './guest.ts'
import {type Behaviour, DEFAULT_BEHAVIOUR} from './store.ts'

export interface MultipassProgram {
  /** Folder for PATH; the program in it is called `multipass`. */
  readonly bin: string
  /** Folder of what its daemon keeps: `instances/NAME/root` is the file system of a machine. */
  readonly state: string
  /** Changes how it behaves from the next command on; `faults` replaces those there were. */
  behave(change: Partial<Behaviour>): Promise<void>
}

/**
 * Writes an executable `multipass` that keeps real state below the folder: machines are folders in which exec, transfer
 * and mount work, snapshots and clones are copies. Arguments, outputs, exit statuses and faults are those that are known
 * of Multipass 1.13 to 1.17. Several processes may use it at once.
 */
export async function makeMultipassProgram(
  folder: string,
  behaviour: Partial<Behaviour> = {},
): Promise<MultipassProgram> {
  const [bin, state] = [join(folder, 'bin'), join(folder, 'state')]
  await mkdir(bin, {recursive: true})
  await mkdir(join(state, 'instances'), {recursive: true})
  writeGuestPrograms(join(state, 'guest-bin'))
  const main = new URL('./main.ts', import.meta.url).href
  await writeFile(join(bin, 'multipass'), programText(main, state))
  await chmod(join(bin, 'multipass'), 0o755)
  const behave = async (change: Partial<Behaviour>) => {
    const file = join(state, 'behaviour.json')
    const before = await readFile(file, 'utf8').then(
      (text) => JSON.parse(text) as Behaviour,
      () => DEFAULT_BEHAVIOUR,
    )
    await writeFile(`${file}.new`, JSON.stringify({...before, ...change}))
    await rename(`${file}.new`, file)
  }
  await behave(behaviour)
  return {bin, state, behave}
}

/** The Node that runs the tests runs the program, whatever PATH says; compiled sources are kept beside the state. */
const programText = (main: string, state: string): string => `#!${process.execPath}
require('node:module').enableCompileCache(${JSON.stringify(join(state, 'compiled'))})
import(${JSON.stringify(main)})
  .then(({runMultipass}) => runMultipass(${JSON.stringify(state)}, process.argv.slice(2)))
  .then((status) => void (process.exitCode = status))
`
