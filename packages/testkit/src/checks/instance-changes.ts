import assert from 'node:assert/strict'
import {type ChangeKind, type Instance, type InstanceSpec, instanceSpec} from '@omni-cli/sdk'
import {rejectsWith} from './expect.ts'
import {type InstanceCheck, type InstanceHarness, read, seen, whyRefused, write} from './instance-harness.ts'

const FIELDS = new Set(Object.keys(instanceSpec.shape))
const COSTS: readonly ChangeKind[] = ['live', 'restart', 'rebuild', 'replace']
const atMost = (kind: ChangeKind | undefined, most: ChangeKind) =>
  kind !== undefined && COSTS.indexOf(kind) <= COSTS.indexOf(most)

/** What can be changed, at which cost, and what is refused. */
export const changeChecks: readonly InstanceCheck[] = [
  {
    name: 'its traits speak of fields that a spec has',
    async run({provider, spec}) {
      const {types, mutable, rebuildable = [], readable = []} = provider.traits
      assert.ok(types.includes(spec('web').type), 'it has the type of its own smallest spec')
      for (const field of [...mutable, ...rebuildable, ...readable]) {
        assert.ok(FIELDS.has(field), `'${field}' is a field of a spec`)
      }
      assert.ok(rebuildable.length === 0 || provider.rebuild !== undefined, 'who rebuilds has the method')
      assert.ok(mutable.length === 0 || provider.update !== undefined, 'who changes has the method')
    },
  },
  {
    name: 'mutable fields are changed in place and read back',
    async run({provider, spec}) {
      const {update, traits} = provider
      if (update === undefined || !traits.mutable.includes('cpus')) return 'cpus are not mutable'
      const labels = (metadata: Record<string, string>) => (traits.labels ? {metadata} : {})
      const before = await provider.create({...spec('web'), cpus: 1, ...labels({a: '1', b: '2'})})
      const after = await update('web', {...spec('web'), cpus: 2, ...labels({a: '3'})})
      assert.equal(after.cpus, 2)
      assert.equal(after.status, 'running')
      const now = await provider.get('web')
      assert.equal(now?.cpus, 2)
      if (traits.labels) assert.deepEqual(now?.labels, {a: '3'}, 'labels are those of the new spec and no others')
      assert.equal(after.createdAt, before.createdAt, 'it is the same instance, not a new one')
      return undefined
    },
  },
  {
    name: 'update leaves a stopped machine stopped',
    async run({provider, spec}) {
      const {update, traits} = provider
      if (update === undefined || !traits.mutable.includes('cpus')) return 'cpus are not mutable'
      await provider.create({...spec('web'), cpus: 1})
      await provider.stop('web', {force: true})
      assert.equal((await update('web', {...spec('web'), cpus: 2})).status, 'stopped')
      assert.equal((await provider.get('web'))?.cpus, 2)
      return undefined
    },
  },
  {
    name: 'readable fields are told as they were written, and not told when they were not',
    run: readsBack,
  },
  {
    name: 'a protected machine refuses to be removed until it is so no more',
    async run({provider, spec}) {
      const {update, traits} = provider
      const wanted = {...spec('web'), protect: true}
      const refused = await whyRefused(provider, wanted)
      if (refused !== undefined) return refused
      if (update === undefined || !traits.mutable.includes('protect')) return 'protection cannot be changed'
      await provider.create(wanted)
      await rejectsWith('CONFLICT', () => provider.remove('web'), 'remove')
      assert.equal((await provider.get('web'))?.status, 'running', 'and it still runs')
      await update('web', {...spec('web'), protect: false})
      await provider.remove('web')
      assert.equal(await provider.get('web'), undefined)
      return undefined
    },
  },
  {
    name: 'a rebuild gives a new disk; address, labels and what it is stay',
    run: rebuilds,
  },
  {
    name: 'every differing field has a cost that fits what the driver can do',
    async run({provider, spec}) {
      const {changeKinds, traits} = provider
      if (changeKinds === undefined) return 'traits say it all'
      const machine = await provider.create(spec('web'))
      const kinds = await changeKinds(machine, ['type', ...traits.mutable, ...(traits.rebuildable ?? [])])
      assert.equal(kinds.type, 'replace')
      for (const field of traits.mutable) assert.ok(atMost(kinds[field], 'restart'), `${field} is ${kinds[field]}`)
      for (const field of traits.rebuildable ?? [])
        assert.ok(atMost(kinds[field], 'rebuild'), `${field} is ${kinds[field]}`)
      return undefined
    },
  },
  {
    name: 'what cannot be honoured is refused with its field, before anything is made',
    run: refuses,
  },
]

const spoken = ({type, image, labels, settings}: Instance): Readonly<Record<string, unknown>> => ({
  ...settings,
  type,
  image,
  metadata: labels,
})

async function readsBack({provider, spec}: InstanceHarness): Promise<string | undefined> {
  const {readable = []} = provider.traits
  if (readable.length === 0) return 'it reads nothing back for sure'
  const extras: Partial<InstanceSpec>[] = [
    {cpus: 1},
    {memory: 768 * 1024 ** 2},
    {autostart: false},
    {cloud_init: '#cloud-config\nruncmd:\n  - "true"\n'},
    {metadata: {role: 'web'}},
  ]
  let wanted = spec('web')
  for (const extra of extras) {
    const next = {...wanted, ...extra}
    if ((await whyRefused(provider, next)) === undefined) wanted = next
  }
  const told = spoken(await provider.create(wanted))
  const read = spoken((await provider.get('web')) ?? assert.fail('it is there'))
  for (const field of readable) {
    const value = Object.entries(wanted).find(([key]) => key === field)?.[1]
    assert.deepEqual(told[field], value, `${field}, as create told it`)
    assert.deepEqual(read[field], value, `${field}, as it is read`)
  }
  return undefined
}

async function rebuilds({provider, spec, macOf}: InstanceHarness): Promise<string | undefined> {
  const {rebuild, traits} = provider
  if (rebuild === undefined) return 'it does not rebuild'
  const wanted = traits.labels ? {...spec('web'), metadata: {role: 'web'}} : spec('web')
  await provider.create(wanted)
  const before = await seen(provider, 'web', ({addresses}) => addresses.length > 0)
  const mac = await macOf?.('web')
  await write(provider, 'web', '/tmp/old', 'old')
  const after = await rebuild('web', wanted)
  assert.equal(after.status, 'running')
  assert.deepEqual(after.labels, before.labels)
  assert.equal(await macOf?.('web'), mac, 'the hardware address stays')
  const now = await seen(provider, 'web', ({addresses}) => addresses.length > 0)
  assert.deepEqual(now.addresses, before.addresses)
  if (provider.files === undefined) return undefined
  await rejectsWith('NOT_FOUND', () => read(provider, 'web', '/tmp/old'), 'a file of the old disk')
  return undefined
}

async function refuses({provider, spec, missingImage}: InstanceHarness): Promise<string | undefined> {
  const ask = async (wanted: Partial<InstanceSpec>, made: {profiles?: string[]; networks?: string[]} = {}) => {
    const instances = [spec('fine'), {...spec('web'), ...wanted}]
    const found = await provider.refusals({instances, profiles: [], networks: [], ...made})
    assert.ok(
      found.every(({instance, message}) => instance === 'web' && message !== ''),
      'only the machine that it is about, with words',
    )
    return found.map(({path}) => path.join('.'))
  }
  assert.deepEqual(await ask({}), [], 'its own smallest spec')
  const missing = (['container', 'vm'] as const).filter((type) => !provider.traits.types.includes(type))
  for (const type of missing) assert.ok((await ask({type})).includes('type'), `type ${type}`)
  const profiles = ['no-such-profile']
  assert.ok(
    (await ask({profiles})).some((path) => path.startsWith('profiles')),
    'an unknown profile',
  )
  const network = {type: 'bridge' as const, ipv4: 'auto', name: 'no-such-net'}
  assert.ok(
    (await ask({network})).some((path) => path.startsWith('network')),
    'an unknown network',
  )
  if (provider.profiles !== undefined) assert.deepEqual(await ask({profiles}, {profiles}), [], 'a profile of the plan')
  if (provider.networks !== undefined) {
    assert.deepEqual(await ask({network}, {networks: ['no-such-net']}), [], 'a network of the plan')
  }
  if (missingImage !== undefined) assert.deepEqual(await ask({image: missingImage}), ['image'])
  assert.ok((await ask({location: 'no-such-member'})).includes('location'), 'an unknown member of a cluster')
  assert.deepEqual(await provider.list(), [], 'nothing was made')
  return undefined
}
