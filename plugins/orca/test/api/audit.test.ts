import {DatabaseSync} from 'node:sqlite'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {ACCESS} from '../../src/server/api/access.ts'
import {createAuditStore} from '../../src/server/store/audit.ts'
import {concrete} from './mounted.ts'
import {serveApi} from './serve.ts'

let api: Awaited<ReturnType<typeof serveApi>>
beforeEach(async () => {
  api = await serveApi()
})
afterEach(() => api.close())

const entries = () => api.audit.list({limit: 1_000})
const SECRET = 'hunter2-9f8e7d6c'
const body = {
  name: 'web',
  image: 'nginx',
  env: {PASSWORD: SECRET},
  services: [{name: 'web', image: 'nginx', env: {PASSWORD: SECRET}}],
  repo: 'acme/web',
  service_name: 'web',
  secret: SECRET,
  role: 'viewer',
  value: SECRET,
  age: SECRET,
  node_id: 7,
  address: 'worker:1',
  replicas: 1,
}
const mutations = Object.keys(ACCESS).filter((route) => !/^(GET|HEAD) |heartbeat$/.test(route))

describe('the audit log', () => {
  it.each(mutations)('has exactly one entry for %s, and nothing of what was sent', async (route) => {
    const [method = '', path = ''] = concrete(route).split(' ')
    const answer = await api.call(method, `${path}?token=${SECRET}`, {body, headers: {'x-secret': SECRET}})

    await expect.poll(() => entries().at(0)?.status).toBe(answer.status)
    const [entry, ...others] = entries()
    expect(others).toEqual([])
    expect(entry).toMatchObject({method, route: route.split(' ')[1], outcome: expect.any(String)})
    expect(entry?.actor).toBe(path.endsWith('/github') ? undefined : 'owner')
    expect(JSON.stringify(entry)).not.toContain(SECRET)
  })

  it('tells that what is answered in lines has failed', async () => {
    await api.call('POST', '/api/v1/services', {body: {name: 'web', image: 'nginx'}})
    await api.call('POST', '/api/v1/services/web/canary/decide')
    await api.call('POST', '/api/v1/services', {body: {name: 'web', command: 'fail'}})

    await expect.poll(() => entries().map(({outcome}) => outcome)).toEqual(['ok', 'CONFLICT', 'DEPLOY_FAILED'])
  })

  it('has heartbeats of nodes only when they get something to do', async () => {
    const beat = () => api.call('POST', '/api/v1/cluster/heartbeat', {body: {node_id: 7}})
    api.nodes.register({id: '7', address: 'worker:1', labels: {}})
    await beat()
    const deploy = api.call('POST', '/api/v1/deploy', {
      body: {services: [{name: 'web', image: 'x', placement: {node: '7'}}]},
    })
    await expect.poll(() => entries().length).toBe(1)
    await expect.poll(async () => (await beat()).json.commands.length).toBe(1)
    await api.call('POST', '/api/v1/cluster/heartbeat', {
      body: {node_id: 7, workloads: [{service_name: 'web', status: 'running'}]},
    })
    await deploy

    await expect.poll(() => entries().map(({target}) => target)).toEqual(['web', '7: web'])
  })

  it('has refusals of reading too, but no reading', async () => {
    await api.call('GET', '/api/v1/status')
    await api.call('GET', '/api/v1/status', {token: SECRET})
    await api.call('GET', '/api/v1/tokens', {token: api.tokenOf('viewer')})

    await expect.poll(() => entries().length).toBe(2)
    expect(entries()).toMatchObject([
      {method: 'GET', route: '/api/v1/status', status: 401, outcome: 'refused'},
      {actor: 'a-viewer', role: 'viewer', status: 403, outcome: 'refused', tokenId: expect.stringMatching(/^t_/)},
    ])
    expect(entries()[0]).not.toHaveProperty('actor')
  })

  it('is not pushed out by a storm of guesses', async () => {
    await api.call('POST', '/api/v1/tokens', {body: {name: 'ci', role: 'viewer'}})
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({length: 50}, () => api.call('POST', '/api/v1/stop', {token: 'guess'})))
    }
    expect(entries().length).toBeLessThan(200)
    expect(entries()[0]).toMatchObject({route: '/api/v1/tokens', target: 'ci (viewer)'})
  })

  it('says that something is under way before its end', async () => {
    const gate = Promise.withResolvers<void>()
    api.control.gate = gate.promise
    const deploy = api.call('POST', '/api/v1/deploy', {body: {services: [{name: 'web', image: 'nginx'}]}})
    await expect.poll(() => entries().length).toBe(1)
    expect(entries()[0]).not.toHaveProperty('status')
    gate.resolve()
    await deploy
    await expect.poll(() => entries()[0]).toMatchObject({target: 'web', status: 200, outcome: 'ok'})
  })

  it('that cannot be written keeps nobody from making room', async () => {
    const full = () => {
      throw new Error('database or disk is full')
    }
    Object.assign(api.audit, {add: full, finish: full})
    expect((await api.call('POST', '/api/v1/stop')).status).toBe(200)
  })

  it('tells of failures that a status does not show', async () => {
    await api.call('POST', '/api/v1/services', {body: {name: 'web', command: 'fail'}})
    await expect.poll(() => entries()[0]).toMatchObject({status: 200, outcome: 'DEPLOY_FAILED', target: 'web'})
  })
})

describe('reading the audit log', () => {
  it('is read by admins, from an id, a time or of one actor', async () => {
    const ci = api.tokenOf('deployer')
    await api.call('POST', '/api/v1/stop')
    await api.call('POST', '/api/v1/stop', {token: ci})
    await expect.poll(() => entries().length).toBe(2)
    const read = async (query: string) =>
      (await api.call('GET', `/api/v1/audit${query}`)).json.entries.map(({actor}: {actor: string}) => actor)

    expect(await read('')).toEqual(['owner', 'a-deployer'])
    expect(await read('?limit=1')).toEqual(['a-deployer'])
    expect(await read('?after=1')).toEqual(['a-deployer'])
    expect(await read('?actor=owner')).toEqual(['owner'])
    expect(await read('?since=2999-01-01T00:00:00Z')).toEqual([])
    expect((await api.call('GET', '/api/v1/audit?since=soon')).status).toBe(400)
    expect((await api.call('GET', '/api/v1/audit', {token: ci})).status).toBe(403)
  })
})

it('the store of the audit log keeps the newest entries', () => {
  const store = createAuditStore(new DatabaseSync(':memory:'), {maxRows: 300, maxAgeMs: 60_000})
  for (let index = 1; index <= 1_000; index++) store.add({method: 'POST', requestId: String(index)})

  const kept = store.list({limit: 5_000})
  expect(kept).toHaveLength(300)
  expect(kept.at(-1)).toMatchObject({id: 1_000, requestId: '1000'})
})
