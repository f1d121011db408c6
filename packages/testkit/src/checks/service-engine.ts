import assert from 'node:assert/strict'
import type {LogLine, Service, ServiceEngine, ServiceSpec} from '@omni-cli/sdk'
import type {Check} from './check.ts'
import {type CollectionHarness, collectionChecks} from './collection.ts'
import {rejectsWith} from './expect.ts'

export interface ServiceHarness {
  readonly engine: ServiceEngine
  /** A service that becomes ready and prints a line at its start. Another version is another spec. */
  spec(name: string, version?: number): ServiceSpec
  /** A spec of that name whose replicas exit at once with status 7 after printing `broken on purpose`. */
  broken(name: string): ServiceSpec
}

const asCollection = ({engine, spec}: ServiceHarness): CollectionHarness<ServiceSpec, Service> => ({
  collection: engine,
  spec: (name, labels) => ({...spec(name), ...(labels === undefined ? {} : {labels: {...labels}})}),
  nameOf: (service) => service.name,
  differences: serviceDifferences,
  ...(engine.traits.labels ? {labelsOf: (service: Service) => service.spec.labels} : {}),
})

/** Fields of the spec that the observed service does not show. */
export function serviceDifferences(spec: ServiceSpec, state: Service): string[] {
  const fields = ['image', 'command', 'port', 'env', 'health'] as const
  const differing: string[] = fields.filter(
    (field) => JSON.stringify(spec[field]) !== JSON.stringify(state.spec[field]),
  )
  if (typeof spec.replicas === 'number' && spec.replicas !== state.desiredReplicas) differing.push('replicas')
  if (state.runningReplicas !== state.desiredReplicas) differing.push('running replicas')
  return differing
}

const indexes = (service: Service): number[] => service.replicas.map((replica) => replica.index).sort((a, b) => a - b)

async function firstLines(lines: AsyncIterable<LogLine>, count: number): Promise<LogLine[]> {
  const found: LogLine[] = []
  for await (const line of lines) {
    found.push(line)
    if (found.length === count) break
  }
  return found
}

/** The promises of `ServiceEngine`, those of its facets where it has them, and those of `Collection`. */
export const serviceEngineChecks: readonly Check<ServiceHarness>[] = [
  ...collectionChecks<ServiceSpec, Service>().map((check) => ({
    name: check.name,
    run: (h: ServiceHarness) => check.run(asCollection(h)),
  })),
  {
    name: 'check says that it is reachable',
    async run({engine}) {
      assert.equal((await engine.check()).ok, true)
    },
  },
  {
    name: 'create resolves when every replica is ready',
    async run({engine, spec}) {
      const service = await engine.create({...spec('web'), replicas: 2})
      assert.equal(service.status, 'running')
      assert.equal(service.runningReplicas, 2)
      assert.deepEqual(service.replicas.map((replica) => replica.name).sort(), ['web-0', 'web-1'])
      assert.ok(service.replicas.every((replica) => replica.status === 'ready'))
    },
  },
  {
    name: 'scale up, down and to zero is observed and idempotent',
    async run({engine, spec}) {
      await engine.create(spec('web'))
      for (const count of [3, 3, 1, 0, 0, 2]) {
        const service = await engine.scale('web', count)
        assert.equal(service.desiredReplicas, count)
        assert.equal(service.runningReplicas, count)
        assert.deepEqual(
          indexes(service),
          Array.from({length: count}, (_, index) => index),
        )
      }
    },
  },
  {
    name: 'stop and start are observed and idempotent; stop keeps the spec',
    async run({engine, spec}) {
      await engine.create(spec('web'))
      for (const _ of [1, 2]) assert.equal((await engine.stop('web')).status, 'stopped')
      const stopped = await engine.get('web')
      assert.equal(stopped?.runningReplicas, 0)
      assert.equal(stopped?.status, 'stopped')
      for (const _ of [1, 2]) assert.equal((await engine.start('web')).status, 'running')
      assert.deepEqual(serviceDifferences(spec('web'), await engine.start('web')), [])
    },
  },
  {
    name: 'restart replaces every replica and ends running',
    async run({engine, spec}) {
      const before = await engine.create({...spec('web'), replicas: 2})
      const after = await engine.restart('web')
      assert.equal(after.runningReplicas, 2)
      const marks = (service: Service) => service.replicas.map((replica) => `${replica.pid}@${replica.startedAt}`)
      assert.deepEqual(
        marks(after).filter((mark) => marks(before).includes(mark)),
        [],
      )
    },
  },
  {
    name: 'verbs on an absent service are NOT_FOUND',
    async run({engine}) {
      await rejectsWith('NOT_FOUND', () => engine.scale('absent', 1), 'scale')
      await rejectsWith('NOT_FOUND', () => engine.start('absent'), 'start')
      await rejectsWith('NOT_FOUND', () => engine.stop('absent'), 'stop')
      await rejectsWith('NOT_FOUND', () => engine.restart('absent'), 'restart')
    },
  },
  {
    name: 'update brings the new version into service under a new release',
    async run({engine, spec}) {
      const before = await engine.create(spec('web', 1))
      const after = await engine.update('web', spec('web', 2))
      assert.deepEqual(serviceDifferences(spec('web', 2), after), [])
      if (before.release !== undefined) assert.notEqual(after.release, before.release)
      assert.ok(after.replicas.every((replica) => replica.release === after.release))
    },
  },
  {
    name: 'update to the same spec changes nothing',
    async run({engine, spec}) {
      const before = await engine.create(spec('web', 1))
      const after = await engine.update('web', spec('web', 1))
      assert.equal(after.release, before.release)
      assert.deepEqual(
        after.replicas.map((replica) => replica.pid),
        before.replicas.map((replica) => replica.pid),
      )
    },
  },
  {
    name: 'a version that cannot start is DEPLOY_FAILED with its exit status and last lines, and the old one serves on',
    async run({engine, spec, broken}) {
      const before = await engine.create({...spec('web', 1), replicas: 2})
      const error = await rejectsWith(
        'DEPLOY_FAILED',
        () => engine.update('web', {...broken('web'), replicas: 2}),
        'update',
      )

      const details = error.details as {
        readonly exit?: {readonly code?: number}
        readonly lastLines?: readonly string[]
      }
      assert.equal(details.exit?.code, 7)
      assert.ok(
        details.lastLines?.some((line) => line.includes('broken on purpose')),
        'the last lines are in the error',
      )
      const after = await engine.get('web')
      assert.equal(after?.release, before.release)
      assert.equal(after?.runningReplicas, 2)
      assert.deepEqual(
        after?.replicas.map((replica) => replica.pid).sort(),
        before.replicas.map((replica) => replica.pid).sort(),
      )
    },
  },
  {
    name: 'releases are listed newest first, failed ones too',
    async run({engine, spec, broken}) {
      if (engine.releases === undefined) return 'no releases facet'
      await engine.create(spec('web', 1))
      await engine.update('web', spec('web', 2))
      await rejectsWith('DEPLOY_FAILED', () => engine.update('web', broken('web')), 'update')
      const releases = await engine.releases.list('web')
      assert.deepEqual(
        releases.map((release) => release.status),
        ['failed', 'active', 'superseded'],
      )
      assert.equal(releases[0]?.failure?.exit?.code, 7)
    },
  },
  {
    name: 'rollback brings back the release before, or the named one; an unknown one is NOT_FOUND',
    async run({engine, spec}) {
      const {releases} = engine
      if (releases === undefined) return 'no releases facet'
      await engine.create(spec('web', 1))
      await engine.update('web', spec('web', 2))
      await engine.update('web', spec('web', 3))
      assert.deepEqual(serviceDifferences(spec('web', 2), await releases.rollback('web')), [])
      const oldest = (await releases.list('web')).at(-1)
      assert.ok(oldest !== undefined)
      assert.deepEqual(serviceDifferences(spec('web', 1), await releases.rollback('web', {to: oldest.id})), [])
      await rejectsWith('NOT_FOUND', () => releases.rollback('web', {to: 'r999'}), 'rollback to an unknown release')
    },
  },
  {
    name: 'rollback without an older release is NOT_FOUND and changes nothing',
    async run({engine, spec}) {
      const {releases} = engine
      if (releases === undefined) return 'no releases facet'
      const before = await engine.create(spec('web'))
      await rejectsWith('NOT_FOUND', () => releases.rollback('web'), 'rollback')
      assert.equal((await engine.get('web'))?.release, before.release)
    },
  },
  {
    name: 'logs show what the service printed, and tail limits them',
    async run({engine, spec}) {
      if (engine.logs === undefined) return 'no logs facet'
      await engine.create(spec('web'))
      const [line] = await firstLines(engine.logs.read('web', {follow: true, signal: AbortSignal.timeout(10_000)}), 1)
      assert.ok(line !== undefined, 'there is a line')
      assert.equal(line.replica, 'web-0')
      assert.ok(!Number.isNaN(Date.parse(line.time)), 'it has a time')
      assert.equal((await firstLines(engine.logs.read('web', {tail: 1}), 99)).length, 1)
      await rejectsWith(
        'NOT_FOUND',
        () => firstLines((engine.logs as NonNullable<typeof engine.logs>).read('absent'), 1),
        'logs of an absent service',
      )
    },
  },
  {
    name: 'events tell of a deploy, in order, and resume after an id',
    async run({engine, spec}) {
      if (engine.events === undefined) return 'no events facet'
      await engine.create(spec('web'))
      const all = await Array.fromAsync(engine.events.read({ref: 'service/web'}))
      assert.ok(all.length > 0, 'there are events')
      assert.deepEqual(
        all.map((event) => event.id),
        all.map((event) => event.id).sort((a, b) => a - b),
      )
      const [first] = all
      assert.ok(first !== undefined)
      assert.deepEqual(await Array.fromAsync(engine.events.read({ref: 'service/web', since: first.id})), all.slice(1))
    },
  },
]
