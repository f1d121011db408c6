import type {InstanceProvider} from '@omni-cli/sdk'
import {createMemoryInstances} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import {instanceKind} from '../../src/resources/instance.ts'
import {findKind} from '../../src/resources/kinds.ts'
import {networkKind} from '../../src/resources/network.ts'
import {profileKind} from '../../src/resources/profile.ts'
import {resolveTargets} from '../../src/resources/target.ts'
import {memorySession} from '../apply/memory-session.ts'

const open = async (word: string, memory: InstanceProvider) => {
  const kind = findKind(word)
  if (kind === undefined) throw new Error(`there is no kind ${word}`)
  const session = memorySession({instance: memory})
  return {kind, things: await kind.open(session), session, [Symbol.dispose]: () => session[Symbol.dispose]()}
}

test.each(['networks', 'profiles', 'images'])('%s are those of the driver of machines', async (word) => {
  const memory = createMemoryInstances({images: ['debian/12']})
  await memory.networks?.create({
    name: 'lan',
    ipv4: '10.0.0.1/24',
    ipv6: 'none',
    nat: true,
    dhcp: true,
    config: {a: 'b'},
  })
  await memory.profiles?.create({name: 'small', config: {password: 'hunter2'}, devices: {root: {path: '/'}}})
  using here = await open(word, memory)
  const rows = await here.things.list({})
  const row = rows.at(-1)
  expect(row?.name).toBe({networks: 'lan', profiles: 'small', images: 'debian/12'}[word])
  expect(await here.things.get(row?.name ?? '', {})).toEqual(row)
  expect(await here.things.get('nope', {})).toBeUndefined()
  const text = JSON.stringify(row === undefined ? [] : here.kind.lines(row))
  expect(text).toContain(row?.name)
  expect(text).not.toContain('hunter2')
})

test.each(['network', 'profile', 'image'])('without the facet, a %s is UNSUPPORTED', async (word) => {
  const {networks: _, profiles: __, images: ___, ...bare} = createMemoryInstances()
  using here = await open(word, bare)
  await expect(here.things.list({})).rejects.toMatchObject({code: 'UNSUPPORTED'})
})

test('no output tells passwords of a first boot or of settings', () => {
  const cloudInit = '#cloud-config\npassword: hunter2\n'
  const config = {'cloud-init.vendor-data': cloudInit, password: 'hunter2', 'limits.cpu': '1'}
  const addresses: string[] = []
  const facts = {name: 'web', status: 'running', type: 'container', addresses, labels: {}, createdAt: ''} as const
  const machine = {...facts, agent: true, isReady: false, snapshotCount: 0, settings: {cloud_init: cloudInit, config}}
  const profile = {
    name: 'small',
    usedBy: [],
    labels: {},
    createdAt: '',
    config: {...config, 'user.user-data': cloudInit},
  }
  const shown = [
    instanceKind.withoutSecrets?.(machine),
    profileKind.withoutSecrets?.(profile),
    profileKind.lines(profile),
  ]
  expect(JSON.stringify(shown)).not.toContain('hunter2')
  expect(shown).toMatchObject([
    {settings: {config: {'limits.cpu': '1'}}},
    {config: {'limits.cpu': '1'}},
    expect.anything(),
  ])
})

test('a name alone means none of them', async () => {
  const memory = createMemoryInstances()
  await memory.profiles?.create({name: 'small'})
  using session = memorySession({instance: memory})
  await expect(resolveTargets(session, ['small'])).rejects.toMatchObject({code: 'NOT_FOUND'})
  expect(await resolveTargets(session, ['profile/small'])).toMatchObject([{ref: 'profile/small'}])
})

test.each([instanceKind, profileKind, networkKind])(
  'the plan of $plural has a column; what omni notes is no label',
  (kind) => {
    const labels = {tier: 'front', 'omni.plan': 'shop', 'omni.recipe': 'x', omnibus: 'y'}
    const state = {name: 'web', labels, addresses: [], usedBy: []}
    const wide = (header: string) => kind.columns.find((column) => column.header === header)?.value(state)
    expect([wide('PLAN'), wide('LABELS')]).toEqual(['shop', 'tier=front,omnibus=y'])
    const lines = JSON.stringify(kind.lines(state))
    expect(lines).toContain('shop')
    expect(lines).not.toContain('omni.')
    expect(kind.labelsOf?.(state)).toBe(labels)
  },
)
