import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {PLAN_LABEL} from '@omni-cli/sdk/engine'
import {createMemoryInstances} from '@omni-cli/testkit'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {applyManifest} from '../../src/apply/apply-manifest.ts'
import {destroy} from '../../src/apply/destroy.ts'
import {loadNamed} from '../../src/apply/load.ts'
import {memorySession, recordingProgress} from './memory-session.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omni-destroy-'))
  file = join(folder, 'shop.yaml')
  writeFileSync(
    file,
    `variables: {image: x}
instances:
  web: {image: "\${var.image}", count: 2, profiles: [small], network: {name: lan}, depends_on: [db]}
  db: {image: "\${var.image}"}
profiles: {small: {}}
networks: {lan: {}}
`,
  )
})
afterEach(() => rmSync(folder, {recursive: true}))

const options = (approve = async () => true) => ({
  signal: new AbortController().signal,
  progress: async () => recordingProgress(),
  approve,
  dryRun: false,
  purge: false,
})

async function applied() {
  const memory = createMemoryInstances()
  const session = memorySession({instance: memory})
  const manifest = await loadNamed({files: [file]})
  await applyManifest(session, manifest, {...options(), prune: false})
  await memory.create({name: 'web-10', image: 'x', type: 'container'})
  return {memory, session, [Symbol.dispose]: () => session[Symbol.dispose]()}
}

const query = {words: [], files: [], load: {}}

test('a plan is removed dependants first, networks and profiles after, and nothing else', async () => {
  using here = await applied()
  const view = await destroy(here.session, {...query, files: [file]}, options())
  const data = view.data as {done: {ref: string}[]}
  const order = data.done.map(({ref}) => ref)
  expect(order.slice(0, 2).sort()).toEqual(['instance/web-1', 'instance/web-2'])
  expect(order.slice(2)).toEqual(['instance/db', 'profile/small', 'network/lan'])
  expect([...here.memory.states.keys()]).toEqual(['web-10'])
  expect(await destroy(here.session, {...query, files: [file]}, options())).toMatchObject({data: {done: []}})
})

test('what the plan names and has not made stays, and is told', async () => {
  using here = await applied()
  await here.memory.remove('db')
  await here.memory.create({name: 'db', image: 'x', type: 'container', metadata: {[PLAN_LABEL]: 'other'}})
  expect(await destroy(here.session, {...query, files: [file]}, {...options(), dryRun: true})).toMatchObject({
    data: {notes: ['instance/db was not made by this plan and stays; omni destroy instance/db']},
  })
  await destroy(here.session, {...query, files: [file]}, options())
  expect([...here.memory.states.keys()].sort()).toEqual(['db', 'web-10'])
})

test('what stays is told when nothing else is there, too', async () => {
  using here = await applied()
  for (const name of here.memory.states.keys()) await here.memory.remove(name)
  await here.memory.create({name: 'db', image: 'x', type: 'container', metadata: {[PLAN_LABEL]: 'other'}})
  const told: string[] = []
  const words = ['db']
  await destroy(here.session, {...query, files: [file], words}, {...options(), notice: (text) => void told.push(text)})
  expect(told).toEqual(['note: instance/db was not made by this plan and stays; omni destroy instance/db'])
})

test('a part of a plan by its names, also the one that means several', async () => {
  using here = await applied()
  await destroy(here.session, {...query, files: [file], words: ['web']}, options())
  expect([...here.memory.states.keys()].sort()).toEqual(['db', 'web-10'])
  await expect(destroy(here.session, {...query, files: [file], words: ['web-10']}, options())).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
})

test('by name alone whatever is called so, and only that', async () => {
  using here = await applied()
  await destroy(here.session, {...query, words: ['web-10', 'instance/db']}, options())
  expect([...here.memory.states.keys()]).toEqual(['web-1', 'web-2'])
  await expect(destroy(here.session, {...query, words: ['web']}, options())).rejects.toMatchObject({code: 'NOT_FOUND'})
})

test('saying nothing is USAGE, saying no does nothing', async () => {
  using here = await applied()
  await expect(destroy(here.session, query, options())).rejects.toMatchObject({code: 'USAGE'})
  const before = [...here.memory.states.keys()]
  await destroy(
    here.session,
    {...query, files: [file]},
    options(async () => false),
  )
  expect([...here.memory.states.keys()]).toEqual(before)
})

test('with a protected one nothing is removed at all', async () => {
  using here = await applied()
  await here.memory.update?.('db', {
    name: 'db',
    image: 'x',
    type: 'container',
    protect: true,
    metadata: {[PLAN_LABEL]: 'shop'},
  })
  await expect(destroy(here.session, {...query, files: [file]}, options())).rejects.toMatchObject({
    code: 'CONFLICT',
    message: "protected: 'db'",
  })
  expect(here.memory.states.size).toBe(4)
})
