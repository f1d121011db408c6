import assert from 'node:assert/strict'
import type {Collection} from '@omni-cli/sdk'
import type {Check} from './check.ts'
import {aborted, rejects, rejectsWith} from './expect.ts'

/** What the shared checks need to know of a kind. */
export interface CollectionHarness<Spec, State> {
  readonly collection: Collection<Spec, State>
  /** A valid spec of that name; the same name gives an equal spec. */
  spec(name: string, labels?: Readonly<Record<string, string>>): Spec
  nameOf(state: State): string
  /** Fields of the spec whose observed value differs; empty when reading back shows no difference. */
  differences(spec: Spec, state: State): readonly string[]
  /** Labels as observed; undefined when the kind or driver keeps none. */
  labelsOf?(state: State): Readonly<Record<string, string>>
}

/** Texts that break drivers which quote, split or encode wrongly. */
const HARD_VALUES = [
  'plain',
  "it's",
  '"quoted"',
  '--flag',
  'a=b,c',
  '$HOME `id`',
  'ümläut 漢字 🙂',
  ' spaces ',
  'back\\slash',
]

/** The promises of `Collection`; see its doc comment. */
export function collectionChecks<Spec, State>(): Check<CollectionHarness<Spec, State>>[] {
  return [...creationChecks<Spec, State>(), ...removalChecks<Spec, State>(), ...labelChecks<Spec, State>()]
}

async function namesIn<Spec, State>(h: CollectionHarness<Spec, State>): Promise<string[]> {
  return (await h.collection.list()).map((state) => h.nameOf(state))
}

/** Absence, creation and reading back. */
function creationChecks<Spec, State>(): Check<CollectionHarness<Spec, State>>[] {
  return [
    {
      name: 'get of an absent name is undefined',
      async run(h) {
        assert.equal(await h.collection.get('absent'), undefined)
      },
    },
    {
      name: 'after create, get and list show it once and reading back shows no difference',
      async run(h) {
        const spec = h.spec('web')
        const created = await h.collection.create(spec)

        assert.deepEqual(h.differences(spec, created), [], 'the state that create returned')
        const read = await h.collection.get('web')
        assert.ok(read !== undefined, 'get after create')
        assert.equal(h.nameOf(read), 'web')
        assert.deepEqual(h.differences(spec, read), [], 'the state that get returned')
        assert.deepEqual(
          (await namesIn(h)).filter((name) => name === 'web'),
          ['web'],
        )
      },
    },
    {
      name: 'create of an existing name is CONFLICT and changes nothing',
      async run(h) {
        const spec = h.spec('web')
        await h.collection.create(spec)

        await rejectsWith('CONFLICT', () => h.collection.create(h.spec('web')), 'second create')
        const read = await h.collection.get('web')
        assert.ok(read !== undefined, 'it is still there')
        assert.deepEqual(h.differences(spec, read), [])
      },
    },
    {
      name: 'of two creates of one name at once, exactly one wins',
      async run(h) {
        const outcomes = await Promise.allSettled([
          h.collection.create(h.spec('web')),
          h.collection.create(h.spec('web')),
        ])

        assert.deepEqual(outcomes.map((outcome) => outcome.status).sort(), ['fulfilled', 'rejected'])
        assert.deepEqual(
          (await namesIn(h)).filter((name) => name === 'web'),
          ['web'],
        )
      },
    },
  ]
}

/** Removal, whole names, aborts and updates. */
function removalChecks<Spec, State>(): Check<CollectionHarness<Spec, State>>[] {
  return [
    {
      name: 'names are compared whole, never as prefixes',
      async run(h) {
        await h.collection.create(h.spec('web-1'))
        assert.equal(await h.collection.get('web'), undefined, "get 'web' while only 'web-1' exists")
        await h.collection.create(h.spec('web'))

        await h.collection.remove('web')
        assert.equal(await h.collection.get('web'), undefined)
        assert.notEqual(await h.collection.get('web-1'), undefined, "'web-1' outlives the removal of 'web'")
      },
    },
    {
      name: 'remove is idempotent',
      async run(h) {
        await h.collection.remove('never-there')
        await h.collection.create(h.spec('web'))
        await h.collection.remove('web')
        await h.collection.remove('web')
        assert.equal(await h.collection.get('web'), undefined)
        assert.ok(!(await namesIn(h)).includes('web'))
      },
    },
    {
      name: 'a removed name can be created again',
      async run(h) {
        await h.collection.create(h.spec('web'))
        await h.collection.remove('web')
        await h.collection.create(h.spec('web'))
        assert.notEqual(await h.collection.get('web'), undefined)
      },
    },
    {
      name: 'an aborted signal rejects before any side effect',
      async run(h) {
        await rejects(() => h.collection.create(h.spec('web'), {signal: aborted()}), 'create')
        assert.equal(await h.collection.get('web'), undefined, 'nothing was created')
        await h.collection.create(h.spec('web'))
        await rejects(() => h.collection.remove('web', {signal: aborted()}), 'remove')
        assert.notEqual(await h.collection.get('web'), undefined, 'nothing was removed')
      },
    },
    {
      name: 'update of an absent name is NOT_FOUND and creates nothing',
      async run(h) {
        const {collection} = h
        if (collection.update === undefined) return 'the driver has no update'
        await rejectsWith('NOT_FOUND', async () => collection.update?.('web', h.spec('web')), 'update')
        assert.equal(await collection.get('web'), undefined)
      },
    },
  ]
}

/** Labels, where the driver keeps them. */
function labelChecks<Spec, State>(): Check<CollectionHarness<Spec, State>>[] {
  return [
    {
      name: 'label values arrive byte-equal',
      async run(h) {
        if (h.labelsOf === undefined) return 'the driver keeps no labels'
        const labels = Object.fromEntries(HARD_VALUES.map((value, index) => [`l${index}`, value]))
        await h.collection.create(h.spec('web', labels))
        const read = await h.collection.get('web')
        assert.ok(read !== undefined)
        const observed = h.labelsOf(read)
        for (const [key, value] of Object.entries(labels)) assert.equal(observed[key], value)
      },
    },
    {
      name: 'list with labels shows only what has all of them',
      async run(h) {
        if (h.labelsOf === undefined) return 'the driver keeps no labels'
        await h.collection.create(h.spec('a', {role: 'x', tier: '1'}))
        await h.collection.create(h.spec('b', {role: 'x', tier: '2'}))
        const found = await h.collection.list({labels: {role: 'x', tier: '2'}})
        assert.deepEqual(
          found.map((state) => h.nameOf(state)),
          ['b'],
        )
      },
    },
  ]
}
