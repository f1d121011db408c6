import assert from 'node:assert/strict'
import {Readable} from 'node:stream'
import {buffer} from 'node:stream/consumers'
import type {Instance, InstanceProvider, InstanceSpec} from '@omni-cli/sdk'
import type {Check} from './check.ts'
import {type CollectionHarness, collectionChecks} from './collection.ts'
import {rejectsWith} from './expect.ts'

export interface InstanceHarness {
  readonly provider: InstanceProvider
  /** The smallest valid spec of that name. */
  spec(name: string): InstanceSpec
}

/** How an instance harness answers the questions of the shared checks. */
const asCollection = ({provider, spec}: InstanceHarness): CollectionHarness<InstanceSpec, Instance> => ({
  collection: provider,
  spec: (name, labels) => ({...spec(name), ...(labels === undefined ? {} : {metadata: {...labels}})}),
  nameOf: (instance) => instance.name,
  differences: instanceDifferences,
  ...(provider.traits.labels ? {labelsOf: (instance: Instance) => instance.labels} : {}),
})

/** Fields that the provider reports and that differ from the spec. */
export function instanceDifferences(spec: InstanceSpec, state: Instance): string[] {
  const pairs: [string, unknown, unknown][] = [
    ['type', spec.type, state.type],
    ['image', spec.image, state.image],
    ['cpus', spec.cpus, state.cpus],
    ['memory', spec.memory, state.memoryBytes],
    ['disk', spec.disk, state.diskBytes],
  ]
  return pairs
    .filter(([, wanted, seen]) => wanted !== undefined && seen !== undefined && wanted !== seen)
    .map(([field]) => field)
}

/** The promises of `InstanceProvider`, those of its facets where it has them, and those of `Collection`. */
export const instanceProviderChecks: readonly Check<InstanceHarness>[] = [
  ...collectionChecks<InstanceSpec, Instance>().map((check) => ({
    name: check.name,
    run: (h: InstanceHarness) => check.run(asCollection(h)),
  })),
  {
    name: 'check says that it is reachable',
    async run({provider}) {
      assert.equal((await provider.check()).ok, true)
    },
  },
  {
    name: 'a created instance runs; stop and start are observed and idempotent',
    async run({provider, spec}) {
      assert.equal((await provider.create(spec('web'))).status, 'running')
      assert.equal((await provider.stop('web')).status, 'stopped')
      assert.equal((await provider.stop('web')).status, 'stopped')
      assert.equal((await provider.get('web'))?.status, 'stopped')
      assert.equal((await provider.start('web')).status, 'running')
      assert.equal((await provider.start('web')).status, 'running')
      assert.equal((await provider.get('web'))?.status, 'running')
    },
  },
  {
    name: 'start and stop of an absent name are NOT_FOUND',
    async run({provider}) {
      await rejectsWith('NOT_FOUND', () => provider.start('absent'), 'start')
      await rejectsWith('NOT_FOUND', () => provider.stop('absent'), 'stop')
    },
  },
  {
    name: 'mutable fields are changed in place and read back',
    async run({provider, spec}) {
      if (provider.update === undefined || !provider.traits.mutable.includes('cpus')) return 'cpus are not mutable'
      const before = await provider.create({...spec('web'), cpus: 1})
      const after = await provider.update('web', {...spec('web'), cpus: 2})
      assert.equal(after.cpus, 2)
      assert.equal((await provider.get('web'))?.cpus, 2)
      assert.equal(after.createdAt, before.createdAt, 'it is the same instance, not a new one')
    },
  },
  {
    name: 'snapshots are listed, restored and removed; an unknown one is NOT_FOUND',
    async run({provider, spec}) {
      const {snapshots} = provider
      if (snapshots === undefined) return 'no snapshots facet'
      await provider.create(spec('web'))
      await snapshots.create('web', 'one')
      assert.deepEqual(
        (await snapshots.list('web')).map((snapshot) => snapshot.name),
        ['one'],
      )
      await rejectsWith('CONFLICT', () => snapshots.create('web', 'one'), 'a second snapshot of that name')
      await snapshots.restore('web', 'one')
      await rejectsWith('NOT_FOUND', () => snapshots.restore('web', 'two'), 'restore of an unknown snapshot')
      await snapshots.remove('web', 'one')
      assert.deepEqual(await snapshots.list('web'), [])
    },
  },
  {
    name: 'a restored snapshot brings back files as they were',
    async run({provider, spec}) {
      const {snapshots, files} = provider
      if (snapshots === undefined || files === undefined) return 'no snapshots or files facet'
      await provider.create(spec('web'))
      await files.write('web', '/tmp/state', Readable.from([Buffer.from('before')]))
      await snapshots.create('web', 'one')
      await files.write('web', '/tmp/state', Readable.from([Buffer.from('after')]))
      await snapshots.restore('web', 'one')
      assert.equal((await buffer(await files.read('web', '/tmp/state'))).toString(), 'before')
    },
  },
  {
    name: 'exec passes arguments byte-equal and gives the exit status of the program',
    async run({provider, spec}) {
      if (provider.exec === undefined) return 'no exec facet'
      await provider.create(spec('web'))
      const chunks: Buffer[] = []
      const argument = `it's "a" $HOME; && \\ 漢`
      const {exitCode} = await provider.exec.run('web', ['printf', '%s', argument], {
        onStdout: (chunk) => chunks.push(chunk),
      })
      assert.equal(exitCode, 0)
      assert.equal(Buffer.concat(chunks).toString(), argument)
      assert.equal((await provider.exec.run('web', ['sh', '-c', 'exit 3'])).exitCode, 3)
      assert.equal((await provider.exec.run('web', ['no-such-program-here'])).exitCode, 127)
    },
  },
  {
    name: 'files come back byte-equal',
    async run({provider, spec}) {
      if (provider.files === undefined) return 'no files facet'
      await provider.create(spec('web'))
      const content = Buffer.from(Array.from({length: 70_000}, (_, index) => index % 256))
      await provider.files.write('web', '/tmp/blob', Readable.from([content]))
      assert.ok((await buffer(await provider.files.read('web', '/tmp/blob'))).equals(content))
    },
  },
]
