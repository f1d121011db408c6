import assert from 'node:assert/strict'
import {randomBytes} from 'node:crypto'
import {type NetworkSpec, type NetworkState, networkSpec, type ProfileSpec, type ProfileState} from '@omni-cli/sdk'
import {type CollectionHarness, collectionChecks} from './collection.ts'
import {rejectsWith} from './expect.ts'
import type {InstanceCheck, InstanceHarness} from './instance-harness.ts'

const profileHarness = ({provider}: InstanceHarness): CollectionHarness<ProfileSpec, ProfileState> | undefined => {
  const {profiles} = provider
  if (profiles === undefined) return undefined
  return {
    collection: profiles,
    spec: (name, labels) => ({
      name,
      description: 'of a test',
      ...(labels === undefined ? {} : {metadata: {...labels}}),
    }),
    nameOf: ({name}) => name,
    differences: (spec, state) => (spec.description === state.description ? [] : ['description']),
    labelsOf: ({labels}) => labels,
  }
}

/** Profiles keep the promises of a collection, and those who use one are told. */
export const profileChecks: readonly InstanceCheck[] = [
  ...collectionChecks<ProfileSpec, ProfileState>().map((check) => ({
    name: `profiles: ${check.name}`,
    async run(harness: InstanceHarness) {
      const profiles = profileHarness(harness)
      return profiles === undefined ? 'no profiles facet' : check.run(profiles)
    },
  })),
  {
    name: 'profiles: one in use tells by whom and cannot be removed',
    async run({provider, spec}) {
      const {profiles} = provider
      if (profiles === undefined) return 'no profiles facet'
      await profiles.create({name: 'mine', description: 'of a test'})
      assert.deepEqual((await profiles.get('mine'))?.usedBy, [])
      await provider.create({...spec('web'), profiles: [...(spec('web').profiles ?? ['default']), 'mine']})
      assert.deepEqual((await profiles.get('mine'))?.usedBy, ['web'])
      await rejectsWith('CONFLICT', () => profiles.remove('mine'), 'remove')
      assert.notEqual(await profiles.get('mine'), undefined)
      await provider.remove('web')
      await profiles.remove('mine')
      assert.equal(await profiles.get('mine'), undefined)
      return undefined
    },
  },
]

/** A network of a host has one name for all projects: each is told from those of others by chance. */
const uniqueName = () => `t${randomBytes(4).toString('hex')}`

export const networkChecks: readonly InstanceCheck[] = [
  {
    name: 'networks are made, read back, listed, changed and removed',
    async run(harness) {
      const {networks} = harness.provider
      if (networks === undefined) return 'no networks facet'
      const wanted = {...specOf(harness, uniqueName()), metadata: {role: 'test'}}
      const {name} = wanted
      assert.equal(await networks.get(name), undefined)
      await rejectsWith('NOT_FOUND', () => networks.update(name, wanted), 'update of an absent one')
      try {
        assertNetwork(await networks.create(wanted), wanted)
        assertNetwork(await networks.get(name), wanted)
        await rejectsWith('CONFLICT', () => networks.create(wanted), 'a second one')
        assert.equal((await networks.list()).filter((network) => network.name === name).length, 1)
        assert.deepEqual(
          (await networks.list({labels: {role: 'nobody'}})).map((network) => network.name),
          [],
        )
        assert.equal(await networks.get(name.slice(0, -1)), undefined, 'names are compared whole')
        const changed = {...wanted, description: 'changed', metadata: {role: 'other'}}
        assertNetwork(await networks.update(name, changed), changed)
        assertNetwork(await networks.get(name), changed)
      } finally {
        await networks.remove(name)
      }
      assert.equal(await networks.get(name), undefined)
      await networks.remove(name)
      return undefined
    },
  },
  {
    name: 'a network in use tells by whom and cannot be removed',
    async run(harness) {
      const {provider, spec} = harness
      const {networks} = provider
      if (networks === undefined) return 'no networks facet'
      const {name} = await networks.create(specOf(harness, uniqueName()))
      try {
        await provider.create({...spec('web'), network: {type: 'bridge', name, ipv4: 'auto'}})
        assert.deepEqual((await networks.get(name))?.usedBy, ['web'])
        await rejectsWith('CONFLICT', () => networks.remove(name), 'remove')
      } finally {
        await provider.remove('web')
        await networks.remove(name)
      }
      return undefined
    },
  },
]

const specOf = ({network}: InstanceHarness, name: string): NetworkSpec =>
  network?.(name) ?? networkSpec.parse({name, ipv4: 'none', ipv6: 'none', nat: false, dhcp: false})

function assertNetwork(state: NetworkState | undefined, spec: NetworkSpec): void {
  assert.ok(state !== undefined)
  assert.equal(state.name, spec.name)
  assert.equal(state.managed, true)
  assert.deepEqual(state.labels, spec.metadata)
  assert.equal(state.description ?? '', spec.description ?? '')
  for (const field of ['ipv4', 'ipv6', 'nat', 'dhcp'] as const) assert.equal(state[field], spec[field], field)
}

export const backendChecks: readonly InstanceCheck[] = [
  {
    name: 'listed images are names that a plan may write',
    async run({provider, spec}) {
      const {images} = provider
      if (images === undefined) return 'no images facet'
      const listed = await images.list()
      assert.ok(listed.length > 0, 'there are images')
      for (const {name, source} of listed) assert.ok(name !== '' && source !== '')
      const [first] = listed.filter(({type}) => type === undefined || type === spec('web').type)
      assert.ok(first !== undefined)
      const wanted = {instances: [{...spec('web'), image: first.name}], profiles: [], networks: []}
      assert.deepEqual(await provider.refusals(wanted), [])
      return undefined
    },
  },
  {
    name: 'where it is reachable there is nothing to install',
    async run({provider}) {
      if (provider.install === undefined) return 'no install facet'
      const {isReady, steps} = await provider.install.plan()
      assert.deepEqual([isReady, steps], [true, []])
      return undefined
    },
  },
  {
    name: 'nodes are listed; an unknown one cannot be drained',
    async run({provider}) {
      const {nodes} = provider
      if (nodes === undefined) return 'no nodes facet'
      const listed = await nodes.list()
      assert.equal(new Set(listed.map(({id}) => id)).size, listed.length)
      const {drain} = nodes
      if (drain !== undefined) await rejectsWith('NOT_FOUND', () => drain('no-such-member'), 'drain')
      return undefined
    },
  },
]
