import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {serviceSpec} from '@omni-cli/sdk'
import {createMemoryInstances, createMemoryServices} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import {deleteThings} from '../../src/apply/delete.ts'
import {findDoomed} from '../../src/apply/doomed.ts'
import {memorySession, recordingProgress} from './memory-session.ts'

async function setup() {
  const service = createMemoryServices()
  const instance = createMemoryInstances()
  await service.create(serviceSpec.parse({name: 'db', image: 'x'}))
  await service.create(serviceSpec.parse({name: 'web', image: 'x', depends_on: ['db'], labels: {tier: 'front'}}))
  await instance.create({name: 'box', image: 'x', type: 'container'})
  return {service, instance, session: memorySession({service, instance})}
}

const query = {files: [], ignoreNotFound: false}
const options = (approve = async () => true) => ({
  approve,
  signal: new AbortController().signal,
  progress: async () => recordingProgress(),
  dryRun: false,
  purge: false,
})

test('dependants go first, whatever the order they are named in', async () => {
  const {session, service} = await setup()
  using _ = session
  const doomed = await findDoomed(session, {...query, words: ['service', 'db', 'web']})
  expect(await deleteThings(session, doomed, options())).toMatchObject({
    data: {done: [{ref: 'service/web'}, {ref: 'service/db'}]},
  })
  expect(service.entries.size).toBe(0)
})

test('by name alone, by KIND/NAME, by label, by file', async () => {
  const {session} = await setup()
  using _ = session
  const refs = async (more: Partial<Parameters<typeof findDoomed>[1]>) =>
    (await findDoomed(session, {...query, words: [], ...more})).map(({kind, name}) => `${kind.kind}/${name}`)
  const file = join(session.home, 'omni.yaml')
  writeFileSync(file, 'services: {db: {image: x}, gone: {image: x}}')

  expect(await refs({words: ['box']})).toEqual(['instance/box'])
  expect(await refs({words: ['svc/db', 'vm/box', 'svc/db']})).toEqual(['service/db', 'instance/box'])
  expect(await refs({words: ['services'], labels: {tier: 'front'}})).toEqual(['service/web'])
  expect(await refs({words: ['services'], labels: {toString: 'x'}})).toEqual([])
  expect(await refs({files: [file]})).toEqual(['service/db'])
})

test.each([
  [{words: []}, 'USAGE'],
  [{words: ['web'], labels: {a: 'b'}, files: ['x']}, 'USAGE'],
  [{words: ['release', 'web/r1']}, 'USAGE'],
  [{words: ['servce/web']}, 'USAGE'],
  [{words: ['service', 'none']}, 'NOT_FOUND'],
])('%j is %s', async (given, code) => {
  const {session} = await setup()
  using _ = session
  await expect(findDoomed(session, {...query, ...given})).rejects.toMatchObject({code})
})

test('absent things can be ignored; nothing to remove asks nothing', async () => {
  const {session} = await setup()
  using _ = session
  const doomed = await findDoomed(session, {...query, words: ['service', 'none'], ignoreNotFound: true})
  const view = await deleteThings(
    session,
    doomed,
    options(async () => Promise.reject(new Error('asked'))),
  )
  expect(view).toMatchObject({data: {done: []}})
})

test('a refusal and a dry run remove nothing', async () => {
  const {session, service} = await setup()
  using _ = session
  const doomed = await findDoomed(session, {...query, words: ['web']})
  await deleteThings(
    session,
    doomed,
    options(async () => false),
  )
  await deleteThings(session, doomed, {...options(async () => Promise.reject(new Error('asked'))), dryRun: true})
  expect([...service.entries.keys()]).toEqual(['db', 'web'])
})
