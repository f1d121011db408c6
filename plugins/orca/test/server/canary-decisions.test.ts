import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import type {ServiceInput} from '@omni-cli/sdk'
import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {EDGE_BUCKETS} from '../../src/edge/table.ts'
import {type CanaryFacts, errorExcess, judge} from '../../src/server/canary/judge.ts'
import {type Measure, percentile} from '../../src/server/canary/measure.ts'
import {canaryCount, weightsOf} from '../../src/server/canary/share.ts'
import {deployStep} from '../../src/server/deploy/service.ts'
import {isSameVersion, isSameWorkload} from '../../src/server/deploy/spec.ts'
import {edgeTable} from '../../src/server/routes.ts'
import {openStore} from '../../src/server/store/store.ts'
import {spec} from './harness.ts'

const percents = fc.integer({min: 0, max: 100})
const counts = fc.integer({min: 0, max: 30})

describe('shares', () => {
  it('are exact, whatever the numbers of replicas', () => {
    fc.assert(
      fc.property(percents, counts, counts, (percent, stable, canary) => {
        const weights = weightsOf(percent, {stable, canary})
        const [one, other] = [weights.stable * stable, weights.canary * canary]
        expect([weights.stable, weights.canary].every(Number.isInteger)).toBe(true)
        // One side alone gets everything, but for a canary that only those see who ask for it.
        if (stable > 0 && canary > 0) expect(other * 100).toBe(percent * (one + other))
        else if (stable > 0) expect(one).toBeGreaterThan(0)
        else if (canary > 0) expect(other > 0).toBe(percent > 0)
      }),
    )
  })

  it('of a table add up, and every target has the name of its side', () => {
    fc.assert(
      fc.property(percents, fc.integer({min: 1, max: 9}), fc.integer({min: 1, max: 9}), (weight, stable, canary) => {
        const release = (id: string, count: number, first: number) =>
          Array.from({length: count}, (_, index) => ({address: `127.0.0.1:${first + index}`, release: id}))
        const replicas = [...release('r1', stable, 1000), ...release('r2', canary, 2000)]
        const routed = {spec: spec(), port: 1, replicas, canary: {release: 'r2', weight, spec: spec()}}
        const targets = edgeTable({bind: '127.0.0.1', port: 1}, [routed]).services[0]?.targets ?? []
        const sum = (pin: string) =>
          targets.filter((target) => target.pin === pin).reduce((total, target) => total + target.weight, 0)

        expect(targets.every(({version, pin}) => pin === (version === 'r1' ? 'stable' : 'canary'))).toBe(true)
        expect(sum('canary') * 100).toBe(weight * (sum('canary') + sum('stable')))
      }),
    )
  })

  it.each([
    [1, 20, 1],
    [5, 20, 1],
    [6, 20, 2],
    [10, 33, 4],
    [10, 0, 1],
    [10, 100, 10],
  ])('%i replicas and %i percent make a canary of %i', (desired, weight, expected) => {
    expect(canaryCount(desired, weight)).toBe(expected)
  })
})

/** A histogram of answers that all took that long. */
const within = (seconds: number, count: number) => EDGE_BUCKETS.map((bound) => (bound >= seconds ? count : 0))

describe('a percentile', () => {
  it.each([
    ['nothing', within(1, 0), 0, undefined],
    ['one bucket', within(0.1, 100), 100, 0.0975],
    ['the first bucket', within(0.001, 100), 100, 0.00095],
    ['what took longer than all buckets', within(11, 0), 10, 10],
    ['a tail', EDGE_BUCKETS.map((bound) => (bound >= 1 ? 100 : bound >= 0.01 ? 90 : 0)), 100, 0.75],
  ])('of %s is interpolated', (_, buckets, requests, expected) => {
    const found = percentile(buckets, requests, 0.95)

    if (expected === undefined) expect(found).toBeUndefined()
    else expect(found).toBeCloseTo(expected, 6)
  })
})

const measured = (requests: number, errors: number, p95Ms = 10, meanMs = p95Ms / 2): Measure => ({
  ...{version: 'canary', release: 'r2', replicas: 1, requests, errors},
  buckets: within(p95Ms / 1000, requests),
  ...(requests === 0 ? {} : {p95Seconds: p95Ms / 1000, meanSeconds: meanMs / 1000}),
})
/** So many requests, some of which took 200 ms instead of 12. */
const tailed = (requests: number, slow: number): Measure => {
  const buckets = within(0.012, requests - slow).map((count, index) => count + (within(0.2, slow)[index] ?? 0))
  const meanSeconds = ((requests - slow) * 0.012 + slow * 0.2) / requests
  const p95Seconds = percentile(buckets, requests, 0.95)
  return {...measured(requests, 0), buckets, meanSeconds, p95Seconds}
}
const rules = {after_secs: 60, min_requests: 50, max_error_rate: 0.01, max_latency_ratio: 1.5}
const facts = (canary: Measure, stable: Measure, more: Partial<CanaryFacts> = {}): CanaryFacts => ({
  ...{canary, stable, ageSecs: 61, rules},
  ...more,
})
const good = measured(500, 0)

describe('the verdict', () => {
  it.each<[string, CanaryFacts, string, string]>([
    ['no requests', facts(measured(0, 0), good), 'wait', '0 of 50 requests'],
    ['too few requests', facts(measured(49, 0), good), 'wait', '49 of 50 requests'],
    ['enough good ones, too early', facts(measured(50, 0), good, {ageSecs: 20}), 'wait', 'another 40s'],
    ['enough good ones', facts(measured(50, 0), good), 'promote', '0 of 50 requests failed (0 %)'],
    ['one error of fifty', facts(measured(50, 1), good), 'wait', 'more requests are needed'],
    ['one error of fifty, diluted', facts(measured(150, 1), good), 'promote', '1 of 150 requests failed (0.7 %)'],
    ['the errors that the stable version has too', facts(measured(200, 10), measured(800, 40)), 'promote', '5 %'],
    ['fewer errors than the stable version', facts(measured(200, 0), measured(800, 400)), 'promote', '50 %'],
    ['two failed requests of two', facts(measured(2, 2), good), 'wait', '2 of 50 requests'],
    [
      'five failed requests of five',
      facts(measured(5, 5), good, {ageSecs: 1}),
      'abort',
      '5 of 5 requests failed (100 %)',
    ],
    ['a tenth of failed requests', facts(measured(100, 10), good, {ageSecs: 1}), 'abort', '10 of 100 requests failed'],
    ['no stable requests', facts(measured(100, 0), measured(0, 0)), 'promote', '0 of 100'],
    ['errors without stable requests', facts(measured(100, 10), measured(0, 0)), 'abort', '10 of 100'],
    ['twice the time', facts(measured(100, 0, 200), measured(100, 0, 100)), 'abort', 'too slow: 95 % within 200 ms'],
    [
      'twice the time, too early',
      facts(measured(60, 0, 200), measured(60, 0, 100), {ageSecs: 1}),
      'abort',
      'of the stable version 100 ms',
    ],
    [
      'a few slow ones of a few',
      facts(tailed(12, 2), tailed(100, 0), {rules: {...rules, min_requests: 10}}),
      'wait',
      'more requests are needed to tell whether it is slower',
    ],
    ['a tail of 20 %', facts(tailed(100, 20), tailed(100, 0)), 'abort', 'too slow'],
    ['a tail of 4 %', facts(tailed(100, 4), tailed(100, 0)), 'promote', ''],
    ['noise below the floor', facts(measured(100, 0, 7), measured(100, 0, 1)), 'promote', '95 % within 7 ms'],
    [
      'a bucket further with the same mean',
      facts(measured(100, 0, 24, 10.1), measured(100, 0, 9.8, 9.9)),
      'promote',
      '24 ms',
    ],
    ['slow, but too few stable requests to compare', facts(measured(100, 0, 200), measured(10, 0, 100)), 'promote', ''],
    ['what cannot be kept alive', facts(good, good, {failure: 'web-1: CrashLoopBackOff'}), 'abort', 'CrashLoopBackOff'],
  ])('about %s', (_, given, kind, reason) => {
    const judgement = judge(given)

    expect(judgement).toEqual({kind, reason: expect.stringContaining(reason)})
  })

  it('is never an abort for errors when the canary fails no more often than the stable version', () => {
    const share = fc.integer({min: 1, max: 2000}).chain((requests) => fc.tuple(fc.constant(requests), fc.nat(requests)))
    fc.assert(
      fc.property(share, share, ([canaryRequests, canaryErrors], [stableRequests, stableErrors]) => {
        fc.pre(canaryErrors / canaryRequests <= stableErrors / stableRequests)
        expect(
          errorExcess(measured(canaryRequests, canaryErrors), measured(stableRequests, stableErrors)),
        ).toBeLessThan(1e-9)
      }),
    )
  })
})

describe('versions', () => {
  const repo = {build: {repo: 'https://example.test/shop.git', branch: 'main'}, command: undefined}
  const old = (change: Partial<ServiceInput>) => {
    const {aliases: _, mounts: __, triggers: ___, depends_on: ____, ...rest} = spec(change)
    return JSON.parse(JSON.stringify({...rest, domain: null})) as ReturnType<typeof spec>
  }

  it.each<[string, Partial<ServiceInput>, Partial<ServiceInput>, boolean, boolean]>([
    ['nothing', {}, {}, true, true],
    ['the limits of automatic replicas', {replicas: 'auto', autoscale: {max: 3}}, {replicas: 'auto'}, true, true],
    ['defaults of the deploy', {deploy: {}}, {deploy: undefined}, true, true],
    ['the weight of a canary', {deploy: {canary_weight: 5}}, {deploy: {canary_weight: 9}}, false, true],
    ['nothing but the day, for a repository', repo, repo, true, true],
    ['resources', {resources: {memory: '64Mi'}}, {}, false, false],
    ['the domain', {domain: 'a.test'}, {}, false, false],
    ['the port', {port: 1}, {port: 2}, false, false],
    ['the volume', {volume: {path: '/data'}}, {}, false, false],
  ])('that differ in %s', (_, a, b, isVersion, isWorkload) => {
    expect(isSameVersion(spec(a), spec(b))).toBe(isVersion)
    expect(isSameWorkload(spec(a), spec(b))).toBe(isWorkload)
  })

  it('that an older program stored without newer fields are the same', () => {
    expect(isSameVersion(old({health: '/up'}), spec({health: '/up'}))).toBe(true)
    expect(isSameVersion(old({health: '/up'}), spec({health: '/down'}))).toBe(false)
  })
})

describe('a deploy', () => {
  const version = (V: string, deploy: NonNullable<ServiceInput['deploy']> = {}) => spec({env: {V}, deploy})
  const beside = (V: string, canary_weight = 20) => version(V, {strategy: 'canary', canary_weight})
  const row = (canary?: string) => ({
    spec: version('1'),
    ...(canary === undefined
      ? {}
      : {
          canary: {
            release: 'r2',
            spec: beside(canary),
            weight: 20,
            desired: 1,
            startedAt: '',
            auto: false,
            baseline: undefined,
          },
        }),
  })
  const up = {isWhole: true, isServed: true, desired: 2}

  it.each([
    ['of the same', row(), version('1'), up, 'keep'],
    ['of the same as a canary', row(), beside('1'), up, 'keep'],
    ['of another', row(), version('2'), up, 'release'],
    ['of another as a canary', row(), beside('2'), up, 'canary'],
    ['as a canary with a replica missing', row(), beside('2'), {...up, isWhole: false}, 'canary'],
    ['as a canary of what does not serve', row(), beside('2'), {...up, isWhole: false, isServed: false}, 'release'],
    ['as a canary of nothing', row(), beside('2'), {...up, desired: 0}, 'release'],
    ['of the same with a replica missing', row(), version('1'), {...up, isWhole: false}, 'release'],
    ['of the canary', row('2'), beside('2'), up, 'adjust'],
    ['of the canary with another weight', row('2'), beside('2', 50), up, 'adjust'],
    ['of the canary without a canary', row('2'), version('2'), up, 'release'],
    ['of the stable version', row('2'), version('1'), up, 'abort'],
    ['of the stable version as a canary', row('2'), beside('1'), up, 'abort'],
    ['of a third one as a canary', row('2'), beside('3'), up, 'canary'],
    ['of a third one', row('2'), version('3'), up, 'release'],
  ])('%s', (_, before, wanted, running, expected) => {
    expect(deployStep(before, wanted, running)).toBe(expected)
  })
})

/** The tables as the first version of the program made them, with a service and its releases. */
const VERSION_1 = `
CREATE TABLE services (
  name TEXT PRIMARY KEY, project TEXT, spec TEXT NOT NULL, desired INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'stopped')), release TEXT, port INTEGER UNIQUE,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT;
CREATE TABLE releases (
  service TEXT NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, spec TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('deploying', 'active', 'superseded', 'failed')), created_at TEXT NOT NULL,
  actor TEXT, reason TEXT NOT NULL, failure TEXT, artifact TEXT, PRIMARY KEY (service, number)) STRICT, WITHOUT ROWID;
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, ref TEXT NOT NULL, type TEXT NOT NULL,
  message TEXT NOT NULL, details TEXT) STRICT;
CREATE INDEX events_by_ref ON events (ref, id);
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE webhooks (
  repo TEXT NOT NULL, branch TEXT NOT NULL, service TEXT NOT NULL, secret TEXT NOT NULL,
  PRIMARY KEY (repo, branch, service)) STRICT;
INSERT INTO services VALUES ('web', 'shop', '{"name":"web"}', 3, 'running', 'r2', 20001, 'then', 'now');
INSERT INTO releases VALUES
  ('web', 1, 'r1', '{"name":"web"}', 'superseded', 'then', 'alice', 'deploy', NULL, 'sha256:1'),
  ('web', 2, 'r2', '{"name":"web"}', 'active', 'now', NULL, 'deploy', NULL, NULL),
  ('web', 3, 'r3', '{"name":"web"}', 'failed', 'now', 'bob', 'deploy', '{"reason":"NotReady","lastLines":[]}', NULL);
INSERT INTO events (time, ref, type, message) VALUES ('now', 'service/web', 'deploy.succeeded', 'it runs');
INSERT INTO settings VALUES ('key', 'value');
INSERT INTO webhooks VALUES ('org/shop', 'main', 'web', 'secret');
PRAGMA user_version = 1;
`

describe('a store of the first version', () => {
  it('is brought up to date with all that is in it', () => {
    const home = mkdtempSync(join(tmpdir(), 'omni-store-'))
    try {
      openStore(home).close()
      const path = join(home, 'engine', 'store.db')
      rmSync(path)
      const old = new DatabaseSync(path)
      old.exec(VERSION_1)
      old.close()
      for (const _ of ['migrated', 'opened again']) {
        const store = openStore(home)
        expect(store.services.list()).toEqual([
          {
            ...{name: 'web', spec: {name: 'web'}, desired: 3, state: 'running', release: 'r2', port: 20_001},
            ...{canary: undefined, createdAt: 'then', updatedAt: 'now'},
          },
        ])
        expect(store.releases.list('web').map(({id, status, actor}) => [id, status, actor])).toEqual([
          ['r3', 'failed', 'bob'],
          ['r2', 'active', undefined],
          ['r1', 'superseded', 'alice'],
        ])
        expect(store.releases.list('web')[0]?.failure?.reason).toBe('NotReady')
        expect([...store.releases.artifacts()]).toEqual(['sha256:1'])
        expect(store.events.after(0, undefined, 10)).toHaveLength(1)
        expect(store.database.prepare('SELECT * FROM webhooks').all()).toHaveLength(1)
        store.durably(() => store.releases.setStatus('web', 'r1', 'canary'))
        store.durably(() => store.releases.setStatus('web', 'r1', 'superseded'))
        store.close()
      }
    } finally {
      rmSync(home, {recursive: true, force: true})
    }
  })

  it('knows a canary after it was opened again', () => {
    const home = mkdtempSync(join(tmpdir(), 'omni-store-'))
    try {
      const canary = {
        release: 'r2',
        spec: spec(),
        weight: 5,
        desired: 2,
        startedAt: 'now',
        auto: true,
        baseline: undefined,
      }
      const store = openStore(home)
      store.durably(() => store.services.put('web', {spec: spec(), canary}))
      store.close()
      const again = openStore(home)
      expect(again.services.get('web')?.canary).toMatchObject({release: 'r2', weight: 5, desired: 2, auto: true})
      again.durably(() => again.services.update('web', {canary: undefined}))
      again.close()
      const last = openStore(home)
      expect(last.services.get('web')?.canary).toBeUndefined()
      last.close()
    } finally {
      rmSync(home, {recursive: true, force: true})
    }
  })
})
