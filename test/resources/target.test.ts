import {serviceSpec} from '@omni-cli/sdk'
import {createMemoryInstances, createMemoryServices} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import {KINDS, requireKind} from '../../src/resources/kinds.ts'
import {parseTargets, resolveTarget, resolveTargets} from '../../src/resources/target.ts'
import {memorySession} from '../apply/memory-session.ts'

const parsed = (...words: string[]) => parseTargets(words).map(({kind, name}) => `${kind?.kind ?? '?'}:${name}`)

test.each([
  [['web'], ['?:web']],
  [
    ['web', 'db'],
    ['?:web', '?:db'],
  ],
  [['service', 'web'], ['service:web']],
  [
    ['svc', 'web', 'db'],
    ['service:web', 'service:db'],
  ],
  [['Services', 'web'], ['service:web']],
  [
    ['vm/box', 'svc/web'],
    ['instance:box', 'service:web'],
  ],
  [['service'], ['?:service']],
  [['release', 'web/r3'], ['release:web/r3']],
  [['release/web/r3'], ['release:web/r3']],
])('%j', (words, expected) => {
  expect(parsed(...words)).toEqual(expected)
})

test('an unknown kind is USAGE with the nearest', () => {
  expect(() => parseTargets(['servce/web'])).toThrow("there is no kind 'servce'; did you mean 'service'?")
  expect(() => requireKind('constructor')).toThrow("there is no kind 'constructor'")
})

test('no two kinds share a word', () => {
  const words = KINDS.flatMap(({kind, plural, short}) => [kind, plural, ...short])
  expect(new Set(words).size).toBe(words.length)
})

async function setup() {
  const service = createMemoryServices()
  const instance = createMemoryInstances()
  for (const name of ['web', 'both']) await service.create(serviceSpec.parse({name, image: 'x'}))
  for (const name of ['box', 'both']) await instance.create({name, image: 'x', type: 'container'})
  return memorySession({service, instance})
}

test('a name alone is looked for everywhere', async () => {
  using session = await setup()
  expect((await resolveTarget(session, ['web'])).ref).toBe('service/web')
  expect((await resolveTarget(session, ['box'])).ref).toBe('instance/box')
  expect((await resolveTargets(session, ['web', 'service/web', 'box'])).map(({ref}) => ref)).toEqual([
    'service/web',
    'instance/box',
  ])
})

test('a name of several things is CONFLICT and lists them; the kind decides', async () => {
  using session = await setup()
  await expect(resolveTarget(session, ['both'])).rejects.toMatchObject({
    code: 'CONFLICT',
    message: "'both' is the name of several things: service/both, instance/both",
    details: {choices: ['service/both', 'instance/both']},
  })
  expect((await resolveTarget(session, ['vm', 'both'])).ref).toBe('instance/both')
})

test.each([
  [['none'], 'NOT_FOUND', "nothing is called 'none'"],
  [['service', 'box'], 'NOT_FOUND', "there is no service 'box'"],
  [['web', 'box'], 'USAGE', 'name one thing: NAME, KIND NAME or KIND/NAME'],
  [['nodes', 'x'], 'UNSUPPORTED', "'memory' has no nodes"],
])('%j is %s', async (words, code, message) => {
  using session = await setup()
  await expect(resolveTarget(session, words)).rejects.toMatchObject({code, message})
})
