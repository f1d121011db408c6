import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {build} from 'rolldown'
import type {BenchHome} from './home.ts'

const testkit = fileURLToPath(new URL('../../packages/testkit/dist/memory/instances.js', import.meta.url))

/** Machines in memory that are kept in a file from one command to the next. */
const PROVIDER = `
import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {createMemoryInstances} from ${JSON.stringify(testkit)}

export default {
  kind: 'instance',
  id: 'memory',
  settings: {parse: () => ({}), safeParse: () => ({success: true, data: {}})},
  create({home}) {
    const file = join(home, 'machines.json')
    const memory = createMemoryInstances()
    if (existsSync(file)) for (const one of JSON.parse(readFileSync(file, 'utf8'))) memory.states.set(one.name, one)
    const create = async (spec, options) => {
      const made = await memory.create(spec, options)
      writeFileSync(file, JSON.stringify([...memory.states.values()]))
      return made
    }
    return {...memory, create}
  },
}
`

/** A plugin with that driver, bundled as drivers are published, and linked into the home; gives the id of the driver. */
export async function linkMemoryPlugin(home: BenchHome): Promise<string> {
  const folder = join(home.folder, 'memory-plugin')
  mkdirSync(folder, {recursive: true})
  const pjson = {
    name: 'omni-plugin-memory',
    version: '1.0.0',
    type: 'module',
    oclif: {commands: './commands'},
    omni: {apiVersion: 1, providers: [{kind: 'instance', id: 'memory', title: 'memory', module: './provider.cjs'}]},
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(pjson))
  const source = join(folder, 'provider.js')
  writeFileSync(source, PROVIDER)
  const output = {file: join(folder, 'provider.cjs'), format: 'cjs', exports: 'default', minify: true} as const
  await build({input: source, platform: 'node', output, logLevel: 'silent'})
  await home.omni('plugin', 'link', folder, '--no-install')
  return 'memory'
}
