import assert from 'node:assert/strict'
import {Readable} from 'node:stream'
import {buffer} from 'node:stream/consumers'
import type {Instance, InstanceProvider} from '@omni-cli/sdk'
import {rejects, rejectsWith} from './expect.ts'
import {type InstanceCheck, type InstanceHarness, ifSupported, read, whenAllowed, write} from './instance-harness.ts'

/** States of a machine that are kept inside of its backend. */
export const snapshotChecks: readonly InstanceCheck[] = [
  {
    name: 'snapshots are listed, restored and removed; an unknown one is NOT_FOUND',
    async run({provider, spec}) {
      const {snapshots} = provider
      if (snapshots === undefined) return 'no snapshots facet'
      await provider.create(spec('web'))
      if (snapshots.needsStop === true) await provider.stop('web')
      const made = await snapshots.create('web', 'one')
      assert.equal(made.name, 'one')
      assert.ok(!Number.isNaN(Date.parse(made.createdAt)), `'${made.createdAt}' is a time`)
      assert.deepEqual(
        (await snapshots.list('web')).map((snapshot) => snapshot.name),
        ['one'],
      )
      await rejectsWith('CONFLICT', () => snapshots.create('web', 'one'), 'a second snapshot of that name')
      await snapshots.restore('web', 'one')
      await rejectsWith('NOT_FOUND', () => snapshots.restore('web', 'two'), 'restore of an unknown snapshot')
      await rejectsWith('NOT_FOUND', () => snapshots.list('absent'), 'list of an absent machine')
      await rejectsWith('NOT_FOUND', () => snapshots.create('absent', 'one'), 'create for an absent machine')
      await snapshots.remove('web', 'one')
      assert.deepEqual(await snapshots.list('web'), [])
      return undefined
    },
  },
  {
    name: 'a restored snapshot brings back files as they were',
    async run({provider, spec}) {
      const {snapshots, files} = provider
      if (snapshots === undefined || files === undefined) return 'no snapshots or files facet'
      const quietly = {provider, needsStop: snapshots.needsStop}
      await provider.create(spec('web'))
      await write(provider, 'web', '/root/state', 'before')
      await whenAllowed(quietly, 'web', () => snapshots.create('web', 'one'))
      await write(provider, 'web', '/root/state', 'after')
      await write(provider, 'web', '/root/new', 'new')
      await whenAllowed(quietly, 'web', () => snapshots.restore('web', 'one'))
      assert.equal((await provider.get('web'))?.status, 'running', 'a machine that ran runs')
      assert.equal(await read(provider, 'web', '/root/state'), 'before')
      assert.equal(await files.stat('web', '/root/new'), undefined, 'what came later is gone')
      await provider.stop('web', {force: true})
      await snapshots.restore('web', 'one')
      assert.equal((await provider.get('web'))?.status, 'stopped', 'a stopped one stays stopped')
      return undefined
    },
  },
  {
    name: 'a snapshot expires when it was told to',
    async run({provider, spec}) {
      const {snapshots} = provider
      if (snapshots?.canExpire !== true) return 'its snapshots do not expire'
      const quietly = {provider, needsStop: snapshots.needsStop}
      await provider.create(spec('web'))
      const expiresAt = '2099-01-02T03:04:05Z'
      await whenAllowed(quietly, 'web', () => snapshots.create('web', 'one', {expiresAt}))
      const [listed] = await snapshots.list('web')
      assert.equal(Date.parse(listed?.expiresAt ?? ''), Date.parse(expiresAt))
      return undefined
    },
  },
]

const isForeign = ({labels}: Instance) => Object.keys(labels).every((key) => !key.startsWith('omni.'))

/** Copies, inside of the backend and as a file. */
export const copyChecks: readonly InstanceCheck[] = [
  {
    name: 'a copy is stopped, has the same files and belongs to no plan',
    run: copies,
  },
  {
    name: 'a machine that was read as a file can be written again, whole or not at all',
    run: exports,
  },
]

async function machineOfAPlan({provider, spec}: InstanceHarness): Promise<void> {
  const labels = provider.traits.labels ? {metadata: {'omni.plan': 'test', role: 'web'}} : {}
  await provider.create({...spec('web'), ...labels})
  await write(provider, 'web', '/root/state', 'kept')
}

/** A stopped copy of `web`, with its file. */
async function assertCopy(provider: InstanceProvider, copy: Instance, name: string): Promise<void> {
  assert.deepEqual([copy.name, copy.status], [name, 'stopped'])
  const found = await provider.get(name)
  assert.equal(found?.status, 'stopped')
  assert.ok(found !== undefined && isForeign(found), 'it has no labels of a plan')
  assert.ok(isForeign(copy), 'nor does it say so')
  await provider.start(name)
  if (provider.files !== undefined) assert.equal(await read(provider, name, '/root/state'), 'kept')
}

async function copies(harness: InstanceHarness): Promise<string | undefined> {
  const {provider, macOf} = harness
  const {copies, snapshots} = provider
  if (copies === undefined) return 'no copies facet'
  const quietly = {provider, needsStop: copies.needsStop === true || snapshots?.needsStop === true}
  const copy = (to: string, options = {}) => whenAllowed(quietly, 'web', () => copies.copy('web', to, options))
  await machineOfAPlan(harness)
  await rejectsWith('NOT_FOUND', () => copies.copy('absent', 'other'), 'a copy of an absent machine')
  await assertCopy(provider, await copy('web-copy'), 'web-copy')
  if (macOf !== undefined) assert.notEqual(await macOf('web-copy'), await macOf('web'), 'a MAC of its own')
  await rejectsWith('CONFLICT', () => copy('web-copy'), 'a copy over another machine')
  if (snapshots === undefined) return undefined
  await whenAllowed(quietly, 'web', () => snapshots.create('web', 'one'))
  await write(provider, 'web', '/root/state', 'changed later')
  const ofSnapshot = await ifSupported(() => copy('web-one', {snapshot: 'one'}))
  if (ofSnapshot === undefined) return undefined
  await assertCopy(provider, ofSnapshot, 'web-one')
  await rejectsWith('NOT_FOUND', () => copy('other', {snapshot: 'two'}), 'a copy of an unknown snapshot')
  assert.equal(await provider.get('other'), undefined)
  return undefined
}

async function exports(harness: InstanceHarness): Promise<string | undefined> {
  const {provider} = harness
  const facet = provider.export
  if (facet === undefined) return 'no export facet'
  await machineOfAPlan(harness)
  assert.match(facet.extension, /^\.[a-z0-9.]+$/)
  await rejectsWith('NOT_FOUND', async () => buffer((await facet.read('absent')).body), 'an absent machine')
  const {body, sizeBytes} = await facet.read('web')
  const whole = await buffer(body)
  if (sizeBytes !== undefined) assert.equal(whole.length, sizeBytes)
  const bytes = (content: Buffer) => Readable.from([content])
  await assertCopy(provider, await facet.write('web-copy', bytes(whole)), 'web-copy')
  await rejectsWith('CONFLICT', () => facet.write('web-copy', bytes(whole)), 'over another machine')
  const half = whole.subarray(0, whole.length >> 1)
  await rejects(() => facet.write('web-half', bytes(half)), 'half of a file')
  assert.equal(await provider.get('web-half'), undefined, 'half a machine is taken away again')
  return undefined
}
