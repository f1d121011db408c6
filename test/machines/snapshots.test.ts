import {mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {type InstanceProvider, instanceSpec, OmniError, type SnapshotFacet} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {withLock} from '@omni-cli/sdk/engine'
import {createMemoryInstances} from '@omni-cli/testkit'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {chooseToSnapshot, type SnapshotSelection} from '../../src/machines/snapshots/choose.ts'
import {chooseSnapshots} from '../../src/machines/snapshots/chosen.ts'
import {listSnapshots} from '../../src/machines/snapshots/list.ts'
import {listGroups, specHash} from '../../src/machines/snapshots/manifest.ts'
import {snapshotWords, stampedName} from '../../src/machines/snapshots/name.ts'
import {removeSnapshots} from '../../src/machines/snapshots/remove.ts'
import {planRestore, type RestoreNames, restoreSnapshots} from '../../src/machines/snapshots/restore.ts'
import {type TakeRequest, takeSnapshots} from '../../src/machines/snapshots/take.ts'
import {memorySession, recordingProgress} from '../apply/memory-session.ts'

const {signal} = new AbortController()
let provider: InstanceProvider
let session: Session & Disposable

async function open(change: (facet: SnapshotFacet) => Partial<SnapshotFacet> = () => ({})) {
  session?.[Symbol.dispose]()
  const memory = createMemoryInstances()
  for (const name of ['web', 'db', 'cache']) await memory.create(instanceSpec.parse({name, metadata: {tier: 'shop'}}))
  const facet = memory.snapshots
  provider = facet === undefined ? memory : {...memory, snapshots: {...facet, ...change(facet)}}
  session = memorySession({instance: provider})
}
beforeEach(() => open())
afterEach(() => {
  session[Symbol.dispose]()
  session = undefined as never
})

async function take(selection: Partial<SnapshotSelection>, more: Partial<TakeRequest> = {}) {
  const chosen = await chooseToSnapshot(session, {words: [], all: false, signal, ...selection})
  return takeSnapshots(session, {...chosen, allowStop: false, progress: recordingProgress(), signal, ...more})
}

async function restore(words: readonly string[], names: RestoreNames & {allowPartial?: boolean} = {}) {
  const chosen = await chooseSnapshots(session, words, {signal, mayMiss: names.allowPartial})
  const steps = await planRestore(chosen, {allowPartial: false, ...names}, {signal})
  return restoreSnapshots(session, {snapshot: chosen.snapshot, steps}, {progress: recordingProgress(), signal})
}

const snapshotsOf = async (name: string) => (await listSnapshots(session, [name], {signal})).map((one) => one.name)

test.each([
  [['web'], {}, {targets: ['web'], name: undefined}],
  [['web', 'before'], {}, {targets: ['web'], name: 'before'}],
  [['vm', 'web', 'before'], {isKind: true}, {targets: ['vm', 'web'], name: 'before'}],
  [['vm/web', 'vm/db'], {}, {targets: ['vm/web', 'vm/db'], name: undefined}],
  [['web', 'db'], {name: 'before'}, {targets: ['web', 'db'], name: 'before'}],
  [['web', 'db', 'cache'], {}, {targets: ['web', 'db', 'cache'], name: undefined}],
])('%j %j means %j', (words, given, expected) => {
  expect(snapshotWords(words, {isSelector: false, isKind: false, ...given})).toEqual(expected)
})

test('a name is made of the time in UTC', () => {
  expect(stampedName(new Date('2026-01-31T08:00:05.678+01:00'))).toBe('omni-20260131t070005z')
})

test('one snapshot has a name with its time, or its own, and is no group', async () => {
  expect((await take({words: ['web']})).name).toMatch(/^omni-\d{8}t\d{6}z$/)
  expect(await take({words: ['web', 'before']})).toMatchObject({
    ...{name: 'before', status: 'complete', provider: 'memory'},
    members: [{instance: 'web', snapshot: 'before', specHash: expect.stringMatching(/^sha256:/)}],
  })
  expect(await snapshotsOf('web')).toHaveLength(2)
  expect(await listGroups(session)).toEqual([])
})

test.each([
  [{all: true}, ['web', 'db', 'cache']],
  [{labels: {tier: 'shop'}, name: 'before'}, ['web', 'db', 'cache']],
  [{words: ['web', 'db'], name: 'before'}, ['web', 'db']],
])('%j is a group with one name, kept for this user alone', async (selection, names) => {
  const group = await take(selection)

  expect(group.members.map(({instance, snapshot}) => [instance, snapshot])).toEqual(
    names.map((name) => [name, group.name]),
  )
  expect(await listGroups(session)).toEqual([group])
  const folder = join(session.home, 'state', 'snapshots', 'default')
  expect(readdirSync(folder)).toEqual([`${group.name}.json`])
  expect(statSync(join(folder, `${group.name}.json`)).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(folder, `${group.name}.json`), 'utf8')).not.toContain('cloud_init')
})

test('groups of the same second are two', async () => {
  await take({words: ['vm/web', 'vm/db']})
  await take({words: ['vm/cache', 'vm/db', 'vm/web']})
  const groups = await listGroups(session)
  expect(groups.map(({wanted}) => wanted)).toEqual([
    ['web', 'db'],
    ['cache', 'db', 'web'],
  ])
})

test('what cannot be is refused before anything is touched', async () => {
  await take({words: ['db', 'before']})
  for (const [selection, code, message] of [
    [{words: ['web', 'db'], name: 'before'}, 'CONFLICT', "'db' has a snapshot 'before' already"],
    [{words: ['web', 'db']}, 'USAGE', "'db' is an instance, too"],
    [{words: ['web', 'a/b']}, 'USAGE', "there is no kind 'a'"],
    [{words: ['web', 'Nope!']}, 'USAGE', 'cannot be the name of a snapshot'],
    [{words: ['nope']}, 'NOT_FOUND', "there is no instance 'nope'"],
    [{}, 'USAGE', 'name the instances'],
  ] as const) {
    await expect(take(selection)).rejects.toMatchObject({code, message: expect.stringContaining(message)})
  }
  expect(await snapshotsOf('web')).toEqual([])
})

test('a machine that has to stop for it is only stopped when that was said, and runs again', async () => {
  const calls: string[] = []
  await open((facet) => ({
    needsStop: true,
    async create(name, snapshot, options) {
      calls.push((await provider.get(name))?.status ?? '')
      if (snapshot === 'bad') throw new OmniError('IO', 'the disk is full')
      return facet.create(name, snapshot, options)
    },
  }))
  await expect(take({words: ['web']})).rejects.toMatchObject({
    code: 'CONFLICT',
    hint: expect.stringContaining('--stop'),
  })
  await take({words: ['web', 'good']}, {allowStop: true})
  await expect(take({words: ['web', 'bad']}, {allowStop: true})).rejects.toMatchObject({code: 'IO'})
  expect(calls).toEqual(['stopped', 'stopped'])
  expect((await provider.get('web'))?.status).toBe('running')
})

test('an end is only given to backends that keep it', async () => {
  const seen: unknown[] = []
  await open((facet) => ({
    canExpire: true,
    create: (name, snapshot, options) => {
      seen.push(options?.expiresAt)
      return facet.create(name, snapshot, options)
    },
  }))
  const {expiresAt} = await take({words: ['web']}, {expiresMs: 3_600_000})
  expect(seen).toEqual([expiresAt])
  await open(() => ({canExpire: false}))
  await expect(take({words: ['web']}, {expiresMs: 1000})).rejects.toMatchObject({code: 'UNSUPPORTED'})
})

test('when one of a group fails the others are kept, and the group is marked', async () => {
  await open((facet) => ({
    create: (name, snapshot, options) =>
      name === 'db' ? Promise.reject(new OmniError('IO', 'the disk is full')) : facet.create(name, snapshot, options),
  }))

  await expect(take({all: true, name: 'night'})).rejects.toMatchObject({
    code: 'PARTIAL',
    details: {done: ['web', 'cache'], failed: [{name: 'db', message: 'the disk is full'}]},
  })

  expect(await listGroups(session)).toMatchObject([
    {
      name: 'night',
      status: 'partial',
      wanted: ['web', 'db', 'cache'],
      members: [{instance: 'web'}, {instance: 'cache'}],
    },
  ])
  await expect(restore(['night'])).rejects.toMatchObject({
    code: 'CONFLICT',
    message: "the group 'night' is not whole: db failed",
  })
  expect(await restore(['night'], {allowPartial: true})).toHaveLength(2)
})

test('a group goes back as a whole, or becomes new machines', async () => {
  await take({words: ['web', 'db'], name: 'night'})

  expect((await restore(['night'])).map(({name}) => name)).toEqual(['web', 'db'])
  const copies = await restore(['night'], {suffix: 'test'})

  expect(copies.map(({name, state}) => [name, state.status])).toEqual([
    ['web-test', 'stopped'],
    ['db-test', 'stopped'],
  ])
  await expect(restore(['night'], {suffix: 'test'})).rejects.toMatchObject({
    code: 'CONFLICT',
    message: "there is an instance 'web-test' already\nthere is an instance 'db-test' already",
  })
})

test.each([
  [['nope'], {}, 'NOT_FOUND', "there is no group of snapshots 'nope'; there are 'night'"],
  [['web', 'nope'], {}, 'NOT_FOUND', "'web' has no snapshot 'nope'"],
  [['night'], {to: 'x'}, 'USAGE', '--to names one machine'],
  [['web', 'night'], {to: 'No!'}, 'USAGE', "'No!' cannot be the name of an instance"],
  [['web', 'night'], {to: 'db'}, 'CONFLICT', "there is an instance 'db' already"],
  [[], {}, 'USAGE', 'name a group'],
])('to restore %j %j is %s', async (words, names, code, message) => {
  await take({words: ['web', 'db'], name: 'night'})
  await expect(restore(words, names)).rejects.toMatchObject({code, message: expect.stringContaining(message)})
})

test('a group whose snapshot was removed by hand is not restored in part', async () => {
  await take({words: ['web', 'db'], name: 'night'})
  await provider.snapshots?.remove('db', 'night')
  await expect(restore(['night'])).rejects.toMatchObject({message: "'db' has no snapshot 'night'"})
})

test('a group is removed with its snapshots', async () => {
  await take({words: ['web', 'db'], name: 'night'})
  await provider.snapshots?.remove('db', 'night')
  const chosen = await chooseSnapshots(session, ['night'], {signal, mayMiss: true})
  expect(await removeSnapshots(session, chosen, {progress: recordingProgress(), signal})).toEqual(['web'])
  expect([await listSnapshots(session, [], {signal}), await listGroups(session)]).toEqual([[], []])
})

test('a time that no calendar has is refused before anything is kept', async () => {
  await expect(take({words: ['web']}, {expiresMs: 8.64e18})).rejects.toMatchObject({code: 'USAGE'})
  expect(await snapshotsOf('web')).toEqual([])
})

test('a group is removed when one of its machines is gone', async () => {
  await take({words: ['web', 'db'], name: 'night'})
  await provider.remove('db')
  await expect(chooseSnapshots(session, ['night'], {signal})).rejects.toThrow("no instance 'db'")
  const chosen = await chooseSnapshots(session, ['night'], {signal, mayMiss: true})
  expect(await removeSnapshots(session, chosen, {progress: recordingProgress(), signal})).toEqual(['web'])
  expect(await listGroups(session)).toEqual([])
})

test('the rest of a group is restored when that was said, and what is left out is told', async () => {
  await take({all: true, name: 'night'})
  await provider.remove('db')
  await provider.snapshots?.remove('cache', 'night')

  const chosen = await chooseSnapshots(session, ['night'], {signal, mayMiss: true})
  expect(chosen.missing).toEqual(['db', 'cache'])
  expect((await restore(['night'], {allowPartial: true})).map(({name}) => name)).toEqual(['web'])
  await expect(restore(['night'])).rejects.toMatchObject({code: 'NOT_FOUND'})
})

test('a snapshot that is not there is never restored, nor is a group of which nothing is left', async () => {
  await take({words: ['web', 'db'], name: 'night'})
  await expect(restore(['web', 'nope'], {allowPartial: true})).rejects.toMatchObject({
    ...{code: 'NOT_FOUND', message: "'web' has no snapshot 'nope'"},
  })
  for (const name of ['web', 'db']) await provider.remove(name)
  await expect(restore(['night'], {allowPartial: true})).rejects.toMatchObject({
    ...{code: 'NOT_FOUND', message: "nothing of the group 'night' is left"},
  })
})

test('a group whose file is damaged, gone or none keeps no other from being listed, and its file is named', async () => {
  const group = await take({words: ['web', 'db'], name: 'night'})
  const folder = join(session.home, 'state', 'snapshots', 'default')
  writeFileSync(join(folder, 'damaged.json'), 'no json')
  writeFileSync(join(folder, 'half.json'), '{"version": 1, "name": "ha')
  writeFileSync(join(folder, 'other.json'), '{"version": 7}')
  symlinkSync(join(folder, 'gone'), join(folder, 'vanished.json'))
  mkdirSync(join(folder, 'folder.json'))
  const notices: string[] = []

  const notice = (text: string) => notices.push(text)
  expect(await listGroups(session, {notice})).toEqual([group])
  expect(notices.map((text) => text.match(/[^/]+\.json/)?.[0]).toSorted()).toEqual([
    ...['damaged.json', 'folder.json', 'half.json', 'other.json', 'vanished.json'],
  ])
  expect(notices.every((text) => text.includes(folder))).toBe(true)
  const listed = await listSnapshots(session, [], {signal, notice})
  expect(listed.map(({instance, isOfGroup}) => [instance, isOfGroup])).toEqual([
    ['web', true],
    ['db', true],
  ])
  expect(notices).toHaveLength(10)
  await expect(restore(['nope'])).rejects.toMatchObject({code: 'NOT_FOUND'})
})

test('while another command is at work nothing is taken or restored, and it is named', async () => {
  await take({words: ['web', 'good']})
  const locked = {code: 'LOCKED', message: expect.stringContaining("'omni apply' of ")}
  await withLock({home: session.home, name: 'default', command: 'omni apply'}, async () => {
    await expect(take({words: ['web', 'late']})).rejects.toMatchObject(locked)
    await expect(take({all: true, name: 'night'})).rejects.toMatchObject(locked)
    await expect(restore(['web', 'good'])).rejects.toMatchObject(locked)
  })
  expect([await snapshotsOf('web'), await listGroups(session)]).toEqual([['good'], []])
  expect(await restore(['web', 'good'])).toHaveLength(1)
})

test('of several that take snapshots at once one does, and names itself to the others', async () => {
  const begun = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  await open((facet) => ({
    async create(...args) {
      begun.resolve()
      await end.promise
      return facet.create(...args)
    },
  }))
  const first = take({words: ['web', 'one']})
  await begun.promise
  await expect(take({words: ['db', 'two']})).rejects.toMatchObject({
    ...{code: 'LOCKED', message: expect.stringContaining("'omni snapshot' of ")},
  })
  end.resolve()
  expect((await first).status).toBe('complete')
})

test('the hash of a machine tells its settings, not its state', async () => {
  const web = await provider.get('web')
  const db = await provider.get('db')
  if (web === undefined || db === undefined) throw new Error('they were made')
  expect(specHash(web)).toBe(specHash({...db, status: 'stopped', addresses: []}))
  expect(specHash(web)).not.toBe(specHash({...web, cpus: 9}))
})
