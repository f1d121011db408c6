import {describe, expect, it} from 'vitest'
import {afterCrash} from '../../src/server/backoff.ts'
import {environmentOf} from '../../src/server/deploy/environment.ts'
import {findCycle, planDeploy} from '../../src/server/deploy/plan.ts'
import {leavingFor, makingRoom} from '../../src/server/deploy/roll.ts'
import {isSameVersion, secretKeys, wantedReplicas} from '../../src/server/deploy/spec.ts'
import {planProbes} from '../../src/server/probes/probe-plan.ts'
import {freeIndexes, waves} from '../../src/server/replicas.ts'
import {rollbackTarget} from '../../src/server/rollback-target.ts'
import type {ReleaseRow} from '../../src/server/store/releases.ts'
import {defaultTiming} from '../../src/server/timing.ts'
import {spec} from './harness.ts'

describe('afterCrash', () => {
  const crash = {crashes: 0, exit: {code: 1, at: ''}, policy: undefined, isTrial: false, isTimeout: false}

  it.each([
    [0, 0],
    [1, 100],
    [2, 200],
    [5, 1600],
    [9, 25_600],
    [10, 30_000],
    [1000, 30_000],
  ])('after %i crashes in a row it waits %i ms', (crashes, delayMs) => {
    expect(afterCrash({...crash, crashes}, defaultTiming)).toEqual({kind: 'restart', delayMs})
  })

  it.each([
    ['the second crash of a trial', {isTrial: true, crashes: 1}, 'give-up'],
    ['the first crash of a trial', {isTrial: true}, 'restart'],
    ['a trial that is not ready in time', {isTrial: true, isTimeout: true}, 'give-up'],
    ['one that was ready before', {isTimeout: true}, 'restart'],
    ['policy no', {policy: 'no'}, 'stay'],
    ['policy no in a trial', {policy: 'no', isTrial: true}, 'give-up'],
    ['on-failure:3 and exit 0', {policy: 'on-failure:3', exit: {code: 0, at: ''}}, 'stay'],
    ['unless-stopped and exit 0', {policy: 'unless-stopped', exit: {code: 0, at: ''}}, 'restart'],
    ['on-failure and a signal', {policy: 'on-failure', exit: {signal: 'SIGKILL', at: ''}}, 'restart'],
  ])('%s → %s', (_, change, kind) => {
    expect(afterCrash({...crash, ...change}, defaultTiming).kind).toBe(kind)
  })
})

describe('versions', () => {
  it.each([
    ['nothing', {}, true],
    ['the number of replicas', {replicas: 5}, true],
    ['an undefined field', {domain: undefined}, true],
    ['the order of the environment', {env: {B: '2', A: '1'}}, true],
    ['a value', {env: {A: '1', B: '3'}}, false],
    ['the command', {command: ['other']}, false],
    ['a probe', {health: '/'}, false],
  ])('that differ in %s are the same: %s', (_, change, expected) => {
    const one = spec({env: {A: '1', B: '2'}})
    expect(isSameVersion(JSON.parse(JSON.stringify(one)), spec({env: {A: '1', B: '2'}, ...change}))).toBe(expected)
  })

  it.each([
    ['a first deploy', 2, undefined, 2],
    ['a first deploy of auto', 'auto', undefined, 1],
    ['auto', 'auto', {declared: 2, desired: 5}, 5],
    ['the default after scaling by hand', 1, {declared: 1, desired: 3}, 3],
    ['a declared number after scaling by hand', 2, {declared: 2, desired: 5}, 2],
    ['another declaration', 1, {declared: 3, desired: 3}, 1],
    ['the default after scaling to zero', 1, {declared: 1, desired: 0}, 1],
    ['zero', 0, {declared: 1, desired: 3}, 0],
  ] as const)('%s asks for the right number', (_, replicas, before, expected) => {
    const row = before && {spec: spec({replicas: before.declared}), desired: before.desired}
    expect(wantedReplicas(spec({replicas}), row)).toBe(expected)
  })

  it('secrets are found wherever they stand', () => {
    const reference = (key: string) => ['$', `{secrets.${key}}`].join('')
    const env = {
      A: `postgres://u:${reference('PASS')}@h/${reference('DB')}`,
      B: reference('PASS'),
      C: '$PASS {secrets.no}',
    }

    expect(secretKeys(spec({env}))).toEqual(['DB', 'PASS'])
  })
})

describe('environmentOf', () => {
  it('has the address of each dependency, and the spec wins', () => {
    const rows = {
      'my-db': {spec: spec({name: 'my-db', protocol: 'tcp'}), port: 20_001},
      cache: {spec: spec({name: 'cache', host_port: 6379}), port: 20_002},
      worker: {spec: spec({name: 'worker', port: undefined}), port: undefined},
    }
    const wanted = spec({depends_on: ['my-db', 'cache', 'worker'], env: {CACHE_HOST: 'mine'}})

    expect(environmentOf(wanted, (name) => rows[name as keyof typeof rows])).toEqual({
      MY_DB_HOST: '127.0.0.1',
      MY_DB_PORT: '20001',
      MY_DB_URL: 'tcp://127.0.0.1:20001',
      CACHE_HOST: 'mine',
      CACHE_PORT: '6379',
      CACHE_URL: 'http://127.0.0.1:6379',
    })
  })
})

describe('planDeploy', () => {
  const means = {runtime: {problems: () => [], warnings: () => []}, secrets: {missing: () => []}}
  const named = (name: string, ...depends_on: string[]) => spec({name, depends_on})

  it.each([
    ['a chain', [named('c', 'b'), named('b', 'a'), named('a')], 'a b c'],
    ['a diamond', [named('d', 'b', 'c'), named('b', 'a'), named('c', 'a'), named('a')], 'a b c d'],
    ['independent ones', [named('b'), named('a')], 'b a'],
    ['a circle and another', [named('a', 'b'), named('b', 'a'), named('c')], 'c a b'],
    ['the same name twice', [spec({name: 'a', replicas: 5}), named('a')], 'a'],
  ])('orders %s', (_, specs, expected) => {
    expect(
      planDeploy(specs, new Map(), means)
        .specs.map(({name}) => name)
        .join(' '),
    ).toBe(expected)
  })

  it('of two with one name the last counts', () => {
    expect(planDeploy([spec({replicas: 1}), spec({replicas: 2})], new Map(), means).specs[0]?.replicas).toBe(2)
  })

  it('finds a circle through what is deployed already', () => {
    const deployed = new Map([['b', {spec: named('b', 'a'), port: undefined}]])

    expect(planDeploy([named('a', 'b')], deployed, means).problems.get('a')?.message).toContain('a → b → a')
  })

  it('a service that depends on a circle is in none', () => {
    const specs = new Map([named('x', 'a'), named('a', 'b'), named('b', 'a')].map((one) => [one.name, one]))

    expect(findCycle('x', specs)).toBeUndefined()
    expect(findCycle('b', specs)).toEqual(['b', 'a', 'b'])
  })

  it('two services may share a host name on different paths', () => {
    const specs = [spec({domain: 'a.test', routes: ['/api/*']}), spec({name: 'b', domain: 'a.test'})]

    expect(planDeploy(specs, new Map(), means).problems.size).toBe(0)
  })
})

describe('rolling', () => {
  const ready = {isEnded: false, status: 'ready'} as const
  const broken = {isEnded: false, status: 'backoff'} as const
  const gone = {isEnded: true, status: 'exited'} as const

  it.each([
    ['the last wave takes all', [ready, ready, ready], 3, 3, 3],
    ['a first wave takes as many', [ready, ready, ready], 3, 1, 1],
    ['those that are gone do not count twice', [gone, ready, ready], 3, 2, 1],
    ['growing keeps the old until enough are there', [ready], 3, 1, 1],
    ['shrinking takes all in the end', [ready, ready, ready], 1, 1, 3],
  ])('%s', (_, old, desired, count, expected) => {
    expect(leavingFor(old, desired, count)).toHaveLength(expected)
  })

  it('broken ones leave first', () => {
    expect(leavingFor([ready, broken], 2, 1)).toEqual([broken])
  })

  it.each([
    ['one for the first successor', [ready, ready, ready], 1, 1],
    ['none that is gone', [gone, ready, ready], 2, 1],
    ['no more than there are', [ready], 5, 1],
  ])('room is made by %s', (_, old, successors, expected) => {
    expect(makingRoom(old, successors)).toHaveLength(expected)
  })

  it('indexes and waves are in order', () => {
    expect(freeIndexes([0, 2], 3)).toEqual([1, 3, 4])
    expect(waves([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]])
  })
})

describe('rollbackTarget', () => {
  const release = (number: number, status: ReleaseRow['status']): ReleaseRow => ({
    id: `r${number}`,
    number,
    status,
    service: 'web',
    spec: spec(),
    createdAt: '',
    reason: 'deploy',
  })

  it.each([
    ['the good one before', ['active 3', 'superseded 2', 'superseded 1'], 'r3', undefined, 'r2'],
    ['not a failed one', ['failed 4', 'active 3', 'failed 2', 'superseded 1'], 'r3', undefined, 'r1'],
    ['nothing', ['active 1'], 'r1', undefined, undefined],
    ['the named one', ['active 3', 'superseded 2', 'superseded 1'], 'r3', 'r1', 'r1'],
    ['none of that name', ['active 1'], 'r1', 'r7', undefined],
  ])('is %s', (_, rows, active, to, expected) => {
    const releases = rows.map((row) => {
      const [status, number] = row.split(' ')
      return release(Number(number), status as ReleaseRow['status'])
    })
    expect(rollbackTarget(releases, {active, to})?.id).toBe(expected)
  })
})

describe('planProbes', () => {
  const kinds = (change: Parameters<typeof spec>[0]) => {
    const {gate, readiness, liveness} = planProbes(spec(change))
    const show = (probe: typeof readiness) => (probe === undefined ? '-' : `${probe.name}:${probe.target.kind}`)
    return `${gate.map(show).join('+')} | ${show(readiness)} | ${show(liveness)}`
  }

  it.each([
    ['no port', {port: undefined}, ' | - | -'],
    ['a port', {}, 'readiness:tcp | readiness:tcp | -'],
    ['health', {health: '/up'}, 'startup:http+readiness:tcp | readiness:tcp | liveness:http'],
    ['readiness', {readiness: {path: '/r'}}, 'readiness:http | readiness:http | -'],
    [
      'all',
      {startup: {tcp: true}, readiness: {exec: ['t']}, liveness: {path: '/l'}},
      'startup:tcp+readiness:exec | readiness:exec | liveness:http',
    ],
    [
      'health and its own liveness',
      {health: '/up', liveness: {tcp: true}},
      'startup:http+readiness:tcp | readiness:tcp | liveness:tcp',
    ],
  ])('%s', (_, change, expected) => {
    expect(kinds(change)).toBe(expected)
  })
})
