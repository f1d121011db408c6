import type {Service, ServiceFailure} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {renderMetrics} from '../../src/server/metrics.ts'
import {endpointsOf, serviceStatus} from '../../src/server/observe.ts'
import type {Replica} from '../../src/server/replica.ts'
import {edgeTable} from '../../src/server/routes.ts'
import type {ServiceRow} from '../../src/server/store/services.ts'
import {FakeEdge} from './fake-edge.ts'
import {spec} from './harness.ts'

const http = {bind: '127.0.0.1', port: 8080}

describe('edgeTable', () => {
  const replicas = [
    {address: '127.0.0.1:2', release: 'r2'},
    {address: undefined, release: 'r2'},
    {address: '127.0.0.1:1', release: 'r1'},
  ]

  it('has ready replicas with an address, in a fixed order', () => {
    expect(edgeTable(http, [{spec: spec(), port: 20_000, replicas}]).services).toEqual([
      {
        service: 'web',
        protocol: 'http',
        port: 20_000,
        hosts: ['web.localhost'],
        paths: [],
        targets: [
          {address: '127.0.0.1:1', weight: 1, version: 'r1'},
          {address: '127.0.0.1:2', weight: 1, version: 'r2'},
        ],
      },
    ])
  })

  it.each([
    ['project', {project: 'shop'}, ['web.localhost', 'web.shop.localhost']],
    ['domains', {domain: 'A.test', domains: ['b.test', 'a.TEST']}, ['a.test', 'b.test', 'web.localhost']],
    ['internal', {internal: true, domain: 'a.test'}, ['a.test']],
    ['internal without a domain', {internal: true}, []],
    ['tcp', {protocol: 'tcp', domain: 'a.test'}, []],
  ] as const)('hosts of %s', (_, change, hosts) => {
    const {services} = edgeTable(http, [{spec: spec(change as Parameters<typeof spec>[0]), port: 1, replicas: []}])
    expect(services[0]?.hosts).toEqual(hosts)
  })

  it('a fixed port wins, and no port means no entry', () => {
    const table = edgeTable(http, [
      {spec: spec({host_port: 5000}), port: 20_000, replicas: []},
      {spec: spec({name: 'worker', port: undefined}), port: undefined, replicas: []},
    ])
    expect(table.services.map(({port}) => port)).toEqual([5000])
  })
})

describe('endpointsOf', () => {
  const own = {service: 'web', bind: '127.0.0.1', port: 20_000}
  const shared = {service: undefined, bind: '127.0.0.1', port: 8080}

  it.each([
    ['both open', {}, [own, shared], 'http://127.0.0.1:20000 http://web.localhost:8080'],
    ['a declared name', {domain: 'a.test'}, [own, shared], 'http://127.0.0.1:20000 http://a.test:8080'],
    ['the usual port', {domain: 'a.test'}, [own, {...shared, port: 80}], 'http://127.0.0.1:20000 http://a.test'],
    ['own port taken', {}, [{...own, error: 'EADDRINUSE'}, shared], 'http://web.localhost:8080'],
    ['shared port taken', {}, [own, {...shared, error: 'EACCES'}], 'http://127.0.0.1:20000'],
    ['internal', {internal: true}, [own, shared], 'http://127.0.0.1:20000'],
    ['tcp', {protocol: 'tcp' as const}, [own, shared], 'tcp://127.0.0.1:20000'],
    ['nothing open', {}, [], ''],
  ])('%s', (_, change, listeners, expected) => {
    expect(
      endpointsOf(spec(change), listeners)
        .map(({url}) => url)
        .join(' '),
    ).toBe(expected)
  })
})

describe('serviceStatus', () => {
  const failure = {reason: 'CrashLoopBackOff'} as ServiceFailure
  const replica = (status: Replica['status'], failed = false) =>
    ({status, inRotation: true, failure: failed ? failure : undefined}) as Replica
  const row = (change: Partial<ServiceRow> = {}) =>
    ({state: 'running', release: 'r1', desired: 2, ...change}) as ServiceRow

  it.each([
    ['running', row(), [replica('ready'), replica('ready')]],
    ['degraded', row(), [replica('ready'), replica('backoff', true)]],
    ['degraded', row(), [replica('starting'), replica('starting')]],
    ['failed', row(), [replica('starting', true), replica('backoff', true)]],
    ['degraded', row(), []],
    ['stopped', row({state: 'stopped'}), []],
    ['running', row({desired: 0}), []],
    ['failed', row({release: undefined}), []],
  ] as const)('%s', (expected, service, replicas) => {
    expect(serviceStatus({row: service, replicas, isDeploying: false, failure: undefined})).toBe(expected)
  })

  it('deploying, while it is', () => {
    expect(serviceStatus({row: row(), replicas: [], isDeploying: true, failure: undefined})).toBe('deploying')
  })
})

describe('metrics', () => {
  const service: Service = {
    name: 'web',
    project: 'a"b\\c\nd',
    status: 'degraded',
    spec: spec(),
    desiredReplicas: 2,
    runningReplicas: 1,
    endpoints: [],
    replicas: [
      {name: 'web-0', index: 0, status: 'ready', release: 'r1', restarts: 2, cpuPercent: 1.5, memoryBytes: 100},
      {name: 'web-1', index: 1, status: 'backoff', release: 'r1', restarts: 5},
    ],
  }

  it('has the three families of Orca, and labels are escaped', async () => {
    const text = renderMetrics({
      services: [service],
      nodes: 1,
      edge: await new FakeEdge().stats(),
      restarts: new Map([['web', 5]]),
      certificates: [
        {host: 'a.test', source: 'files', notAfter: '2030-01-01T00:00:00.000Z'},
        {host: 'b.test', source: 'acme', lastError: 'refused'},
      ],
    })

    expect(text).toContain(
      '# HELP orca_services_total Number of services\n# TYPE orca_services_total gauge\norca_services_total 1\n',
    )
    expect(text).toContain('orca_instances_total{service="web",project="a\\"b\\\\c\\nd",status="running"} 1\n')
    expect(text).toContain('status="stopped"} 1\n')
    expect(text).toContain('orca_nodes_total 1\n')
    expect(text).toContain('orca_certificate_expiry_timestamp_seconds{host="a.test"} 1893456000\n')
    expect(text).not.toContain('b.test')
    expect(text).toMatch(/orca_service_restarts_total\{.*\} 5\n/)
    expect(text).toContain('orca_http_requests_total{service="web",version="r1",route="*",class="5xx"} 1\n')
    expect(text).toContain(
      'orca_http_request_duration_seconds_bucket{service="web",version="r1",route="*",le="0.25"} 3\n',
    )
    expect(text).toContain('_bucket{service="web",version="r1",route="*",le="+Inf"} 3\n')
    expect(text.split('\n').every((line) => line === '' || /^(#|[a-z_]+(\{.*\})? [\d.]+$)/.test(line))).toBe(true)
  })

  it('leaves out versions that are gone, and what is too much', async () => {
    const [row] = await new FakeEdge().stats()
    if (row === undefined) throw new Error('no row')
    const old = {...row, version: 'r0'}
    const routes = Array.from({length: 6000}, (_, index) => ({...row, route: `/${index}`}))
    const text = renderMetrics({
      services: [service],
      nodes: 1,
      edge: [old, ...routes],
      restarts: new Map(),
      certificates: [],
    })

    expect(text).not.toContain('version="r0"')
    expect(text.split('\n').length).toBeLessThan(50_100)
    expect(text).toMatch(/orca_metrics_dropped_samples [1-9]\d+\n/)
  })
})
