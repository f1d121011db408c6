import {readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {serviceSpec} from '@omni-cli/sdk'
import {createMemoryServices} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import {knownNames, namesFile} from '../../src/completion/names.ts'
import {rememberNames} from '../../src/completion/remember-names.ts'
import {getThings} from '../../src/resources/get-things.ts'
import {observeAll} from '../../src/status/overview.ts'
import {memorySession} from '../apply/memory-session.ts'

const QUERY = {labels: {}, watch: false, format: 'table', notice: () => undefined, isUsual: true} as const

async function setup() {
  const service = createMemoryServices()
  for (const name of ['web', 'db']) await service.create(serviceSpec.parse({name, image: 'x', labels: {tier: name}}))
  const session = memorySession({service})
  const known = () => knownNames({home: session.home, context: 'default'}, 'service').names.map(([name]) => name)
  return {session, known}
}

test('a list and an overview of everything leave the names for the completion', async () => {
  for (const look of [
    (session: ReturnType<typeof memorySession>) => getThings(session, ['services'], QUERY),
    (session: ReturnType<typeof memorySession>) => observeAll(session),
  ]) {
    const {session, known} = await setup()
    using _ = session
    await look(session)

    expect(known().toSorted()).toEqual(['db', 'web'])
  }
})

test.each([
  ['some names', ['service', 'web'], QUERY],
  ['labels', ['services'], {...QUERY, labels: {tier: 'web'}}],
  ['a project', ['services'], {...QUERY, project: 'shop'}],
  ['another provider', ['services'], {...QUERY, isUsual: false}],
])('a list of %s leaves none', async (_, words, query) => {
  const {session, known} = await setup()
  using _session = session
  await getThings(session, words, query)

  expect(known()).toEqual([])
})

test('names are written again when they have changed or are old, else not', async () => {
  const {session} = await setup()
  using _ = session
  const place = {home: session.home, context: 'default'}
  const file = namesFile(place, 'service')
  const inode = () => statSync(file).ino
  rememberNames(place, 'service', [['web', 'running']])
  const first = inode()

  rememberNames(place, 'service', [['web', 'running']])
  expect(inode()).toBe(first)

  rememberNames(place, 'service', [['web', 'failed']])
  expect(knownNames(place, 'service').names).toEqual([['web', 'failed']])

  writeFileSync(file, readFileSync(file, 'utf8').replace(/"atMs":\d+/, '"atMs":1'))
  expect(knownNames(place, 'service').isFresh).toBe(false)
  rememberNames(place, 'service', [['web', 'failed']])
  expect(knownNames(place, 'service').isFresh).toBe(true)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a home that cannot keep them disturbs nobody', async () => {
  const {session, known} = await setup()
  using _ = session
  writeFileSync(join(session.home, 'cache'), '')

  await getThings(session, ['services'], QUERY)

  expect(known()).toEqual([])
  rmSync(join(session.home, 'cache'))
})
