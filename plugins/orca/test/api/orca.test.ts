import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {wholeUnits} from '../../src/server/api/status.ts'
import {nodeIdOf} from '../../src/server/nodes/node-id.ts'
import {serveApi} from './serve.ts'

let api: Awaited<ReturnType<typeof serveApi>>
beforeEach(async () => {
  api = await serveApi()
})
afterEach(() => api.close())

const web = {name: 'web', image: 'nginx:alpine', port: 80}
const deploy = (...services: unknown[]) => api.call('POST', '/api/v1/deploy', {body: {services}})

describe('who may come in', () => {
  it.each([
    ['no header', undefined, 'missing bearer token'],
    ['another scheme', 'Basic b3duZXI6eA==', 'missing bearer token'],
    ['a lower-case scheme', 'bearer owner-token', 'missing bearer token'],
    ['an unknown token', 'Bearer guess', 'invalid bearer token'],
    ['an empty token', 'Bearer  ', 'missing bearer token'],
    ['two spaces', 'Bearer  owner-token', 'invalid bearer token'],
  ])('%s → 401', async (_name, authorization, text) => {
    const headers: Record<string, string> = authorization === undefined ? {} : {authorization}
    const answer = await api.call('GET', '/api/v1/status', {token: '', headers})

    expect([answer.status, answer.text]).toEqual([401, text])
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  })

  it('refuses a token that is revoked or has expired', async () => {
    const {token, record} = api.tokens.create({name: 'ci', role: 'viewer'})
    const old = api.tokens.create({name: 'old', role: 'admin', expiresAt: '2020-01-01T00:00:00Z'})
    expect((await api.call('GET', '/api/v1/status', {token})).status).toBe(200)

    api.tokens.revoke(record.id)

    expect((await api.call('GET', '/api/v1/status', {token})).status).toBe(401)
    expect((await api.call('GET', '/api/v1/status', {token: old.token})).status).toBe(401)
  })
})

describe('paths and methods', () => {
  it('answers an unknown path with an empty 404', async () => {
    const answer = await api.call('GET', '/api/v1/nothing')
    expect([answer.status, answer.text]).toEqual([404, ''])
  })

  it.each([
    ['PUT', '/api/v1/status', 'GET,HEAD'],
    ['GET', '/api/v1/deploy', 'POST'],
    ['POST', '/api/v1/services/web', 'GET,DELETE,HEAD'],
  ])('%s %s → 405 that names %s', async (method, path, allow) => {
    const answer = await api.call(method, path)
    expect([answer.status, answer.text, answer.headers.get('allow')]).toEqual([405, '', allow])
  })

  it('answers a broken escape with 400', async () => {
    expect((await api.call('GET', '/api/v1/services/%zz')).status).toBe(400)
  })
})

describe('bodies', () => {
  it.each([
    ['text/plain', '{}', 415, 'Expected request with `Content-Type: application/json`'],
    ['application/json', '{"a":', 400, 'Failed to parse the request body as JSON: '],
    ['application/json', '', 400, 'Failed to parse the request body as JSON: '],
    ['application/json', '{}', 422, 'into the target type: missing field `services`'],
    ['application/json; charset=utf-8', '{"services":{}}', 422, 'services: invalid type'],
    ['application/vnd.x+json', '{"services":[]}', 200, '"deployed":[]'],
  ])('%s %s → %i', async (type, body, status, text) => {
    const answer = await api.call('POST', '/api/v1/deploy', {body, headers: {'content-type': type}})
    expect(answer.status).toBe(status)
    expect(answer.text).toContain(text)
  })

  it.each([
    [{...web, port: 99_999}, 'services[0].port: '],
    [{...web, replicas: -1}, 'services[0].replicas: '],
    [{...web, replicas: 1.5}, 'services[0].replicas: '],
    [{...web, routes: null}, 'services[0].routes: '],
    [{...web, env: null}, 'services[0].env: '],
    [{...web, deploy: {strategy: 'bold'}}, 'services[0].deploy.strategy: '],
    [{image: 'x'}, 'services[0].name: '],
    [{...web, name: ''}, 'services[0].name: '],
    [{...web, name: '../x'}, 'services[0].name: '],
    ['web', 'services[0]: '],
  ])('422 with the place for %j', async (service, place) => {
    const answer = await deploy(service)
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(`Failed to deserialize the JSON body into the target type: ${place}`)
  })

  it("takes what Orca's own client sends: every field, null where it is not set, and fields nobody knows", async () => {
    const full = {
      ...{name: 'web', runtime: 'container', image: 'nginx:alpine', module: null, replicas: 1, port: 80},
      ...{host_port: null, domain: null, routes: [], health: null, readiness: {path: '/', port: null}, liveness: null},
      ...{env: {A: '1'}, resources: {memory: '64Mi', cpu: 1, gpu: null}, volume: null, deploy: null, placement: null},
      ...{network: null, aliases: [], mounts: [], triggers: [], assets: null, build: null, tls_cert: null},
      ...{tls_key: null, internal: false, depends_on: [], new_in_orca: {a: 1}},
    }

    const answer = await deploy(full)

    expect([answer.status, answer.json]).toEqual([200, {deployed: ['web'], errors: []}])
    expect(api.control.services.get('web')?.spec).toMatchObject({
      env: {A: '1'},
      resources: {memory: 67_108_864, cpu: 1},
    })
    expect(api.control.services.get('web')?.spec).not.toHaveProperty('new_in_orca')
  })
})

describe('deploy', () => {
  it('answers 200, 206 and 500 for all, some and none', async () => {
    const bad = {name: 'bad', command: 'fail'}
    expect(await deploy(web)).toMatchObject({status: 200, json: {deployed: ['web'], errors: []}})
    expect(await deploy(web, bad)).toMatchObject({
      status: 206,
      json: {deployed: ['web'], errors: ['bad: it exits at once']},
    })
    expect((await deploy(bad)).status).toBe(500)
    expect(await deploy()).toMatchObject({status: 200, json: {deployed: [], errors: []}})
  })
})

describe('status', () => {
  it('lists services in the shape of Orca', async () => {
    await deploy(web, {...web, name: 'api', project: 'shop', domain: 'a.example'})

    const {cluster_name, services} = (await api.call('GET', '/api/v1/status')).json

    expect(cluster_name).toBe('orca')
    expect(services[0]).toMatchObject({
      ...{name: 'web', image: 'nginx:alpine', runtime: 'container', desired_replicas: 1, running_replicas: 1},
      ...{status: 'running', domain: null},
    })
    expect(services[0]).not.toHaveProperty('project')
    expect(services[1]).toMatchObject({project: 'shop', domain: 'a.example', domains: ['a.example']})
  })

  it('says why a service is down, with the fields of later Orca versions', async () => {
    await deploy(web)
    const failure = {reason: 'CrashLoopBackOff', message: 'exit 3', restarts: 4, at: 't', lastLines: ['boom']}
    const service = api.control.services.get('web')
    if (service === undefined) throw new Error('not deployed')
    const replica = {name: 'web-0', index: 0, status: 'backoff', release: 'r1', restarts: 4} as const
    api.control.services.set('web', {
      ...service,
      runningReplicas: 0,
      replicas: [{...replica, memoryBytes: 3_500_000, cpuPercent: 1.239}],
      lastFailure: {...failure, exit: {code: 3, at: 't'}},
    })

    const [entry] = (await api.call('GET', '/api/v1/status')).json.services

    expect(entry).toMatchObject({status: 'stopped', memory_usage: '3Mi', cpu_percent: 1.24})
    expect(entry.last_failure).toMatchObject({
      ...{reason: 'CrashLoopBackOff', exit_code: 3, restart_count: 4, observed_at: 't', last_lines: ['boom']},
    })
  })

  it.each([
    [0, '0B'],
    [1023, '1023B'],
    [128 * 1024 ** 2, '128Mi'],
    [1024 ** 3 * 1.9, '1Gi'],
  ])('%d bytes are %s', (size, text) => expect(wholeUnits(size)).toBe(text))
})

describe('acts on one service', () => {
  it('scales, and says which service is unknown', async () => {
    await deploy(web)
    const scale = (name: string, replicas: unknown) =>
      api.call('POST', `/api/v1/services/${name}/scale`, {body: {replicas}})

    expect(await scale('web', 3)).toMatchObject({status: 200, json: {service: 'web', replicas: 3}})
    expect(await scale('ghost', 3)).toMatchObject({status: 500, text: "scale failed: service 'ghost' not found"})
    expect((await scale('web', -1)).status).toBe(422)
  })

  it.each(['rollback', 'promote', 'stop'])('%s of an unknown service is a 500 with a text', async (verb) => {
    const isStop = verb === 'stop'
    const path = `/api/v1/services/ghost${isStop ? '' : `/${verb}`}`
    const answer = await api.call(isStop ? 'DELETE' : 'POST', path)
    expect([answer.status, answer.text]).toEqual([500, `${verb} ghost failed: service 'ghost' not found`])
  })

  it('rolls back to the release before, when there is one', async () => {
    await deploy(web)
    const first = await api.call('POST', '/api/v1/services/web/rollback')
    await deploy({...web, image: 'nginx:2'})
    const second = await api.call('POST', '/api/v1/services/web/rollback')

    expect([first.status, first.text]).toEqual([500, "rollback web failed: no previous deploy for 'web'"])
    expect([second.status, second.json]).toEqual([200, {ok: 'rollback web'}])
    expect(api.control.services.get('web')?.spec.image).toBe('nginx:alpine')
  })

  it('stops a project and everything', async () => {
    await deploy(web, {...web, name: 'b', project: 'shop'}, {...web, name: 'a', project: 'shop'})

    expect((await api.call('DELETE', '/api/v1/projects/shop')).json).toEqual({
      ok: 'stopped project shop',
      stopped: ['a', 'b'],
    })
    expect([...api.control.services.keys()]).toEqual(['web'])
    expect((await api.call('POST', '/api/v1/stop')).json).toEqual({ok: 'stop all'})
    expect(api.control.services.size).toBe(0)
  })
})

describe('logs', () => {
  beforeEach(async () => {
    await deploy(web)
    for (const text of ['one', 'two', 'three']) {
      api.control.lines.push({time: '2026-01-01T00:00:00Z', stream: 'stdout', replica: 'web-0', text})
    }
  })

  it('are plain lines, also of a service that does not run', async () => {
    await api.control.stop('web')
    const answer = await api.call('GET', '/api/v1/services/web/logs?tail=2')
    expect([answer.status, answer.text]).toEqual([200, 'two\nthree\n'])
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  })

  it('are JSON lines when asked for', async () => {
    const answer = await api.call('GET', '/api/v1/services/web/logs', {headers: {accept: 'application/x-ndjson'}})
    expect(
      answer.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(api.control.lines)
  })

  it.each([
    ['ghost/logs', 404, "service 'ghost' not found"],
    [`${'x'.repeat(300)}/logs`, 404, 'not found'],
    ['web/logs?tail=-1', 400, 'Failed to deserialize query string'],
    ['web/logs?follow=maybe', 400, 'Failed to deserialize query string'],
  ])('%s → %i', async (path, status, text) => {
    const answer = await api.call('GET', `/api/v1/services/${path}`)
    expect(answer.status).toBe(status)
    expect(answer.text).toContain(text)
  })

  it('that are followed end when the server stops', async () => {
    const answer = await fetch(`${api.url}/api/v1/services/web/logs?follow=true`, {
      headers: {authorization: 'Bearer owner-token'},
    })
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('three')) text += (await reader?.read())?.value ?? ''

    api.closing.abort()

    expect((await reader?.read())?.done).toBe(true)
    expect(text).toBe('one\ntwo\nthree\n')
  })
})

describe('cluster', () => {
  it('writes node ids beyond 2^53 digit by digit', async () => {
    const answer = await api.call('GET', '/api/v1/cluster/info')
    expect(answer.text).toContain('"node_id":4307800580201474175,')
    expect(answer.json).toMatchObject({cluster_name: 'orca', node_count: 1, nodes: [{drain: false}]})
  })

  it('gives a node the id that Orca would give it', () => {
    expect(nodeIdOf('orca-master')).toBe('4307800580201474175')
    expect(nodeIdOf('1700000000000')).toBe('1700000000000')
    expect(nodeIdOf('12345678')).not.toBe(nodeIdOf('123456789 '))
  })

  it.each([
    ['/api/v1/cluster/nodes/7/drain', 404, '{"error":"node not found"}'],
    ['/api/v1/cluster/nodes/7/undrain', 404, '{"error":"node not found"}'],
    ['/api/v1/cluster/nodes/abc/drain', 400, 'Invalid URL: Cannot parse `abc` to a `u64`'],
    ['/api/v1/cluster/nodes/18446744073709551616/drain', 400, 'Cannot parse'],
    ['/api/v1/cluster/nodes/4307800580201474175/drain', 200, '{"status":"drained"}'],
    ['/api/v1/cluster/nodes/4307800580201474175/undrain', 200, '{"status":"undrained"}'],
    ['/api/v1/cluster/register', 422, 'node_id'],
    ['/api/v1/cluster/heartbeat', 422, 'node_id'],
  ])('%s → %i', async (path, status, text) => {
    const answer = await api.call('POST', path, {body: {}})
    expect(answer.status).toBe(status)
    expect(answer.text).toContain(text)
  })

  it.each(['0007', '7'])('a node that calls itself "%s" is 7', async (node_id) => {
    expect((await api.call('POST', '/api/v1/cluster/register', {body: {node_id, address: 'w:1'}})).status).toBe(200)
    const {json} = await api.call('GET', '/api/v1/cluster/info')
    expect(json.nodes.map((node: {node_id: number}) => node.node_id)).toContain(7)
    expect((await api.call('POST', '/api/v1/cluster/nodes/7/drain')).status).toBe(200)
    expect(nodeIdOf('0007')).toBe('7')
  })

  it('has metrics for those with a token', async () => {
    const answer = await api.call('GET', '/metrics')
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4')
    expect(answer.text).toContain('# TYPE orca_services_total gauge')
    expect((await api.call('GET', '/metrics', {token: ''})).status).toBe(401)
  })
})
