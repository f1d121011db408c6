import {OmniError, type Service, type ServiceFailure, serviceSpec} from '@omni-cli/sdk'
import type {ApplyResult} from '@omni-cli/sdk/engine'
import {describe, expect, it} from 'vitest'
import {releasesView} from '../../src/apps/releases.ts'
import {actView, urlOf} from '../../src/apps/service-view.ts'
import {serviceKind} from '../../src/resources/service.ts'
import {alignRows} from '../../src/status/columns.ts'
import {byUrgency, isHealthy, type Overview} from '../../src/status/overview.ts'
import {overviewView} from '../../src/status/overview-view.ts'
import {serviceDetailsView} from '../../src/status/service-details.ts'
import {usageOf} from '../../src/status/usage.ts'
import {deployFailure} from '../../src/up/deploy-failure.ts'

const service = (name: string, more: Partial<Service> = {}): Service => ({
  name,
  status: 'running',
  spec: serviceSpec.parse({name, command: 'run'}),
  desiredReplicas: 2,
  runningReplicas: 2,
  release: 'r1',
  endpoints: [],
  replicas: [],
  ...more,
})

const failure: ServiceFailure = {
  reason: 'CrashLoopBackOff',
  message: 'it ends again and again',
  exit: {code: 3, at: '2026-01-01T00:00:00Z'},
  restarts: 4,
  at: '2026-01-01T00:00:00Z',
  lastLines: ['Error: \u001b[31mboom'],
}

const textOf = (lines: readonly unknown[]): string =>
  lines
    .map((line) =>
      Array.isArray(line) ? line.map((piece) => (Array.isArray(piece) ? piece[0] : piece)).join('') : String(line),
    )
    .join('\n')

const overview = (services: readonly Service[]): Overview => ({
  context: 'default',
  ok: services.every(isHealthy),
  engines: [],
  services: services.toSorted(byUrgency),
  instances: [],
  down: [],
})

describe('a service with cron triggers', () => {
  it('says when it runs next', () => {
    const now = new Date('2026-01-02T00:00:00Z')
    const job = service('job', {desiredReplicas: 0, runningReplicas: 0, nextRun: '2026-01-02T02:00:00.000Z'})
    const [one, all] = [serviceDetailsView(job, now), overviewView(overview([job]), now)]

    expect(textOf(one.text(one.data))).toContain('in 2h, at 2026-01-02T02:00:00Z')
    expect(textOf(all.text(all.data))).toContain('runs in 2h, at 2026-01-02T02:00:00Z')
  })
})

describe('the overview', () => {
  it('shows what is broken first, and why', () => {
    const broken = service('zz', {status: 'degraded', runningReplicas: 1, lastFailure: failure})
    const view = overviewView(overview([service('aa'), broken]), new Date())
    const text = textOf(view.text(view.data))

    expect(view.exitCode).toBe(9)
    expect(text.indexOf('zz')).toBeLessThan(text.indexOf('aa'))
    expect(text).toContain('CrashLoopBackOff: it ends again and again (exit code 3), 4 restarts')
    expect(text).toContain('omni logs zz')
  })

  it('is content with what is stopped on purpose', () => {
    const view = overviewView(
      overview([service('aa'), service('bb', {status: 'stopped', runningReplicas: 0})]),
      new Date(),
    )

    expect(view.exitCode).toBe(0)
    expect(textOf(view.text(view.data))).toContain('1 service runs as wanted, 1 stopped')
  })
})

it.each([
  [[], ''],
  [
    [
      {url: 'http://127.0.0.1:1', via: 'local'},
      {url: 'http://a.localhost:2', via: 'domain'},
    ],
    'http://127.0.0.1:1',
  ],
  [
    [
      {url: 'http://127.0.0.1:1', via: 'local'},
      {url: 'https://shop.example', via: 'domain'},
    ],
    'https://shop.example',
  ],
] as const)('of %j a person gets %j', (endpoints, url) => {
  expect(urlOf(service('web', {endpoints}))).toBe(url)
})

it('adds up what replicas use, and says nothing where nothing is known', () => {
  const replica = {name: 'web-0', index: 0, status: 'ready', release: 'r1', restarts: 1} as const
  const now = Date.parse('2026-01-01T01:00:00Z')

  expect(usageOf({replicas: [replica]}, now)).toEqual({cpu: '', memory: '', uptime: '', restarts: 1})
  const used = {...replica, cpuPercent: 6, memoryBytes: 2 ** 20, startedAt: '2026-01-01T00:00:00Z'}
  expect(usageOf({replicas: [used, used]}, now)).toEqual({cpu: '12%', memory: '2Mi', uptime: '1h', restarts: 2})
})

it('aligns cells and lets nothing act on the terminal', () => {
  expect(
    textOf(
      alignRows([
        [{text: 'a'}, {text: 'b'}],
        [{text: 'x\u001b[2Jy'}, {text: ''}],
      ]),
    ),
  ).toBe('a        b\nx\\e[2Jy  -')
})

describe('a failed deploy', () => {
  const operation = {
    id: 'service/web',
    action: 'update',
    ref: 'service/web',
    changes: [],
    dependsOn: [],
    reason: '',
  } as const
  const result = (error: unknown): ApplyResult => ({
    done: [],
    failed: [{operation, error}],
    skipped: [],
    kept: [],
    isAborted: false,
  })

  it('tells reason, exit, last lines and what serves now', () => {
    const error = deployFailure(result(new OmniError('DEPLOY_FAILED', 'no', {details: failure})), [service('web')])

    expect(error).toMatchObject({code: 'DEPLOY_FAILED', hint: 'omni logs web'})
    expect(error?.message).toContain('(exit code 3)')
    expect(error?.message).toContain('│ Error: ')
    expect(error?.message).toContain('release r1 still serves with 2 of 2 replicas')
  })

  it('says when nothing serves, and passes other errors on', () => {
    const gone = deployFailure(result(new OmniError('DEPLOY_FAILED', 'no', {details: failure})), [])

    expect(gone?.message).toContain('no version of it serves')
    expect(deployFailure(result(new OmniError('LOCKED', 'busy')), [])?.code).toBe('LOCKED')
    expect(deployFailure({...result(undefined), failed: []}, [])).toBeUndefined()
  })
})

it('no view of services or releases shows a secret in its data', () => {
  const env = {API_TOKEN: 'SENTINEL-1', DB: 'postgres://me:SENTINEL-2@db/x', MODE: 'fast'}
  const web = service('web', {spec: serviceSpec.parse({name: 'web', command: 'run', env})})
  const release = {id: 'r1', service: 'web', status: 'active', createdAt: '', reason: '', spec: web.spec} as const
  const now = new Date()
  const one = actView([web], 'done')
  const several = actView([web, web], 'done')
  const releases = releasesView([release], now)
  const shown = JSON.stringify([
    overviewView(overview([web]), now).data,
    serviceDetailsView(web, now).data,
    one.type === 'item' && one.data,
    several.type === 'list' && several.data?.(web),
    releases.data?.(release),
    serviceKind.withoutSecrets?.(web),
  ])

  expect(shown).not.toContain('SENTINEL')
  expect(shown.match(/"MODE":"fast"/g)).toHaveLength(6)
})
