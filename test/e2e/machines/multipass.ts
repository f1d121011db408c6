import {mkdir, rm, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {type MultipassProgram, makeMultipassProgram} from '../../../plugins/multipass/test/program/make-program.ts'
import {createHome, type OmniOptions, type OmniResult, omni, removeHome} from '../harness.ts'

/** A home whose machines are made by the program `multipass` of the tests. */
export interface MultipassHome {
  readonly home: string
  readonly program: MultipassProgram
  readonly env: Readonly<Record<string, string>>
  cli(...args: string[]): Promise<OmniResult>
  run(args: readonly string[], options?: Partial<OmniOptions>): Promise<OmniResult>
  write(path: string, content: string): Promise<string>
  remove(): Promise<void>
}

export async function createMultipassHome(): Promise<MultipassHome> {
  const home = await createHome()
  const program = await makeMultipassProgram(join(home, 'multipass'))
  const context = {name: 'default', providers: {instances: 'multipass'}}
  await writeFile(join(home, '.ome/config.yaml'), JSON.stringify({'current-context': 'default', contexts: [context]}))
  const env = {PATH: `${program.bin}:${process.env.PATH}`}
  const run: MultipassHome['run'] = (args, options = {}) => omni(args, {home, env, timeoutMs: 120_000, ...options})
  return {
    home,
    program,
    env,
    run,
    cli: (...args) => run(args),
    async write(path, content) {
      const file = join(home, path)
      await mkdir(dirname(file), {recursive: true})
      await writeFile(file, content)
      return file
    },
    async remove() {
      await removeHome(home)
      await rm(home, {recursive: true, force: true})
    },
  }
}
