import {hostname} from 'node:os'
import {DatabaseSync} from 'node:sqlite'
import {serviceSpec} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {createNodeBook} from '../../src/server/nodes/node-book.ts'
import {nodeIdOf} from '../../src/server/nodes/node-id.ts'
import {serveApi} from '../api/serve.ts'

const AGENT = '1700000000000'
const BIG = '18446744073709551615'
let api: Awaited<ReturnType<typeof serveApi>>
beforeEach(async () => {
  api = await serveApi()
})
afterEach(() => api.close())

const post = (path: string, body: string) => api.call('POST', `/api/v1/cluster/${path}`, {body})
const register = (id = AGENT, address = 'worker-1:6880') =>
  post('register', `{"node_id":${id},"address":"${address}","labels":{"zone":"a"}}`)
const heartbeat = async (workloads: Record<string, string> = {}, id = AGENT) => {
  const list = Object.entries(workloads).map(([service_name, status]) => ({service_name, status}))
  return (await post('heartbeat', `{"node_id":${id},"workloads":${JSON.stringify(list)}}`)).json.commands
}
const web = {
  name: 'web',
  image: 'nginx:alpine',
  project: 'shop',
  port: 80,
  env: {A: 'b'},
  placement: {node: 'worker-1'},
}
const deploy = (...services: unknown[]) => api.call('POST', '/api/v1/deploy', {body: {services}})
const info = async () => (await api.call('GET', '/api/v1/cluster/info')).text
const web1 = async () => (await api.call('GET', '/api/v1/services/web')).json

/** Deploys, and is the agent until the service runs. */
async function deployThere(spec: object = web) {
  const answer = deploy(spec)
  await expect.poll(() => heartbeat()).toHaveLength(1)
  await heartbeat({web: 'running'})
  return answer
}

describe('an agent', () => {
  it('joins with an id of 64 bits, and joins again', async () => {
    expect((await register(BIG)).json).toEqual({status: 'ok'})
    await api.call('POST', `/api/v1/cluster/nodes/${BIG}/drain`)
    expect(await info()).toMatch(
      new RegExp(`"node_count":2,.*"node_id":${BIG},"address":"worker-1:6880".*"drain":true`),
    )

    await register(BIG, 'worker-2:6880')

    expect(await info()).toMatch(/"node_count":2,.*worker-2:6880.*"drain":false/)
  })

  it.each([
    ['{"node_id":-1,"address":"x"}', 422],
    ['{"node_id":1.5,"address":"x"}', 422],
    ['{"node_id":18446744073709551616,"address":"x"}', 422],
    ['{"node_id":"abc","address":"x"}', 422],
    ['{"address":"x"}', 422],
    ['{"node_id":7}', 422],
    [`{"node_id":${nodeIdOf('orca-master')},"address":"x"}`, 409],
  ])('does not join with %s → %i', async (body, status) => {
    expect((await post('register', body)).status).toBe(status)
    expect(await info()).toContain('"node_count":1')
  })

  it('that is unknown gets nothing to do', async () => {
    expect(await heartbeat({}, '99')).toEqual([])
    expect(await info()).toContain('"node_count":1')
  })
})

describe('a service on another node', () => {
  it('gets a service to deploy once, as Orca words it', async () => {
    await register()
    const answer = deploy(web)
    let commands: {action: string; spec: Record<string, unknown>}[] = []
    await expect.poll(async () => (commands = await heartbeat())).toHaveLength(1)

    expect(commands).toMatchObject([
      {action: 'deploy', spec: {name: 'web', image: 'nginx:alpine', runtime: 'container', replicas: 1, env: {A: 'b'}}},
    ])
    for (const field of ['project', 'module', 'assets', 'depends_on'])
      expect(commands[0]?.spec).not.toHaveProperty(field)
    expect(await heartbeat({web: 'pending'})).toEqual([])
    await heartbeat({web: 'running'})
    expect((await answer).json).toEqual({deployed: ['web'], errors: []})
    expect(await web1()).toMatchObject({
      status: 'running',
      runningReplicas: 1,
      replicas: [{name: 'web-0', status: 'ready', node: 'worker-1:6880'}],
    })
    expect((await api.call('GET', '/api/v1/status?project=shop')).json.services).toMatchObject([
      {name: 'web', node: 'worker-1:6880'},
    ])
  })

  it('that reports a failure fails the deploy', async () => {
    await register()
    const answer = deploy(web)
    await expect.poll(() => heartbeat()).toHaveLength(1)
    await heartbeat({web: 'failed'})

    expect(await answer).toMatchObject({
      status: 500,
      json: {deployed: [], errors: ["web: the node reports that 'web' failed"]},
    })
    expect(await web1()).toMatchObject({status: 'failed', runningReplicas: 0})
  })

  it('that reports nothing in time leaves nothing behind', async () => {
    await register()
    const answer = await deploy({...web, deploy: {ready_timeout_secs: 0.2}})

    expect(answer).toMatchObject({status: 500, json: {errors: [expect.stringContaining('did not report')]}})
    expect(await heartbeat()).toEqual([])
    expect((await api.call('GET', '/api/v1/services/web')).status).toBe(404)
  })
})

describe('what an agent', () => {
  it.each([
    ['POST', 'scale', {replicas: 2}],
    ['POST', 'stop', {}],
    ['POST', 'restart', {}],
    ['POST', 'rollback', {}],
    ['GET', 'releases', undefined],
  ])('cannot do %s %s, and that is said', async (method, verb, body) => {
    await register()
    await deployThere()
    const answer = await api.call(method, `/api/v1/services/web/${verb}`, {
      body,
      headers: {accept: 'application/vnd.omni+json'},
    })
    expect(answer).toMatchObject({status: 501, json: {error: {code: 'UNSUPPORTED', message: /worker-1:6880/}}})
  })

  it('that no longer has a service lets it be forgotten', async () => {
    await register()
    await deployThere()
    expect((await api.call('DELETE', '/api/v1/services/web')).status).toBe(500)
    await heartbeat({})
    expect(await web1()).toMatchObject({status: 'failed'})
    expect((await api.call('DELETE', '/api/v1/services/web')).status).toBe(200)
    expect((await api.call('GET', '/api/v1/services/web')).status).toBe(404)
  })

  it('does not get a service that runs here, and here does not get one of an agent', async () => {
    await register()
    await deploy({...web, placement: undefined})
    expect((await deploy(web)).json.errors).toEqual([expect.stringContaining('it runs on this machine')])
    await api.call('DELETE', '/api/v1/services/web')
    await deployThere()
    expect((await deploy({...web, placement: undefined})).json.errors).toEqual([
      expect.stringContaining('another node'),
    ])
  })
})

describe('placement', () => {
  it('that fits nowhere refuses the service, and the others are deployed', async () => {
    const answer = await deploy({...web, placement: {node: 'ghost'}}, {name: 'api', image: 'nginx'})
    expect(answer.status).toBe(206)
    expect(answer.json).toEqual({
      deployed: ['api'],
      errors: [expect.stringMatching(/^web: no node matches its placement; there are: localhost/)],
    })
  })

  it('of a drained machine refuses until it is used again', async () => {
    const drain = (verb: string) => api.call('POST', `/api/v1/cluster/nodes/${nodeIdOf('orca-master')}/${verb}`)
    await drain('drain')
    expect(await info()).toContain('"drain":true')
    expect((await deploy({name: 'api', image: 'nginx'})).json.errors).toEqual([
      expect.stringContaining('omni node undrain'),
    ])
    await drain('undrain')
    expect((await deploy({name: 'api', image: 'nginx'})).status).toBe(200)
  })
})

it('nodes, their drains and what they run are known after a restart', async () => {
  const database = new DatabaseSync(':memory:')
  const book = createNodeBook(database)
  const own = nodeIdOf(hostname())
  book.register({id: '7', address: 'worker:1', labels: {}})
  book.setDraining(own, true)
  const spec = serviceSpec.parse({name: 'web', image: 'nginx', placement: {node: '7'}})
  const deployed = book.deployRemote(spec)
  book.heartbeat('7', [])
  book.heartbeat('7', [{service_name: 'web', status: 'running'}])
  await deployed

  const again = createNodeBook(database)

  expect(again.list()).toMatchObject([
    {id: own, draining: true},
    {id: '7', draining: false},
  ])
  expect(again.service('web')).toMatchObject({status: 'running'})
})

it('secrets of a service for another node are filled in when it is handed out, or it is refused', async () => {
  const spec = serviceSpec.parse({name: 'web', image: 'nginx', env: {A: `\${secrets.KEY}`}, placement: {node: '7'}})
  const plain = createNodeBook(new DatabaseSync(':memory:'))
  plain.register({id: '7', address: 'worker:1', labels: {}})
  await expect(plain.deployRemote(spec)).rejects.toMatchObject({code: 'MANIFEST_INVALID'})

  const book = createNodeBook(new DatabaseSync(':memory:'), {environment: () => ({A: 'filled in'})})
  book.register({id: '7', address: 'worker:1', labels: {}})
  const deployed = book.deployRemote(spec)
  expect(book.heartbeat('7', [])).toMatchObject([{spec: {env: {A: 'filled in'}}}])
  book.heartbeat('7', [{service_name: 'web', status: 'running'}])
  await deployed
  expect(JSON.stringify(book.services())).not.toContain('filled in')
})
