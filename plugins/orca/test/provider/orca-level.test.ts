import {createServer, type IncomingMessage, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {text} from 'node:stream/consumers'
import {createHttp, type DriverContext, type ServiceEngine, serviceSpec, silentLogger} from '@omni-cli/sdk'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {createOrcaEngine} from '../../src/provider/index.ts'

/** A small Orca as its first version answers. */
class FakeOrca {
  readonly services = new Map<string, Record<string, unknown>>()
  readonly deployed: unknown[] = []
  history = 0
  server: Server | undefined
  url = ''

  async start(): Promise<void> {
    const server = createServer(async (request, response) => {
      const [status, body] = await this.#answer(request)
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
    })
    this.server = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async #answer(request: IncomingMessage): Promise<[number, unknown]> {
    if (request.headers.authorization !== 'Bearer t') return [401, 'invalid bearer token']
    const [path = '', body] = [request.url?.split('?')[0], await text(request)]
    const name = /^\/api\/v1\/services\/([^/]+)/.exec(path)?.[1] ?? ''
    const route = `${request.method} ${path.replace(`/services/${name}`, '/services/:n')}`
    switch (route) {
      case 'GET /api/v1/status':
        return [200, {cluster_name: 'lab', services: [...this.services.values()]}]
      case 'POST /api/v1/deploy':
        return this.#deploy(JSON.parse(body))
      case 'POST /api/v1/services/:n/scale': {
        if (!this.services.has(name)) return [500, `scale failed: service '${name}' not found`]
        const {replicas} = JSON.parse(body)
        this.#put(name, {desired_replicas: replicas, running_replicas: replicas})
        return [200, {service: name, replicas}]
      }
      case 'DELETE /api/v1/services/:n':
        this.services.delete(name)
        return [200, {ok: `stop ${name}`}]
      case 'GET /api/v1/services/:n/logs':
        return [200, 'one\ntwo\n']
      case 'POST /api/v1/services/:n/rollback':
        return this.history > 1
          ? [200, {ok: `rollback ${name}`}]
          : [500, `rollback ${name} failed: no previous deploy for '${name}'`]
      case 'POST /api/v1/services/:n/promote':
        return [500, `promote ${name} failed: no canary instances to promote for '${name}'`]
      case 'GET /api/v1/cluster/info':
        return [
          200,
          '{"cluster_name":"lab","node_count":1,"nodes":[{"node_id":4307800580201474175,"address":"localhost:6880","labels":{"role":"master"},"last_heartbeat":"2026-04-03T07:49:44.123456789Z","drain":false}]}',
        ]
      default:
        return [404, '']
    }
  }

  #deploy({services}: {services: {name: string; image?: string; replicas: number}[]}): [number, unknown] {
    this.deployed.push(...services)
    this.history++
    const [service] = services
    if (service?.image === 'bad') return [500, {deployed: [], errors: [`${service.name}: no such image`]}]
    for (const {name, image, replicas} of services) {
      if (image === 'crashes') {
        // Its later versions call it deployed, and tell in the status that it is not.
        const last_failure = {
          reason: 'CrashLoopBackOff',
          message: 'exit 3',
          restart_count: 4,
          observed_at: '2026-01-01T00:00:00Z',
        }
        this.#put(name, {image, desired_replicas: replicas, running_replicas: 0, status: 'stopped', last_failure})
        continue
      }
      // Its replicas come up a moment after the answer.
      this.#put(name, {image, desired_replicas: replicas, running_replicas: 0, status: 'stopped'})
      setImmediate(() => this.#put(name, {running_replicas: replicas, status: 'running'}))
    }
    return [200, {deployed: services.map(({name}) => name), errors: []}]
  }

  #put(name: string, change: object): void {
    this.services.set(name, {
      name,
      runtime: 'container',
      domain: null,
      status: 'running',
      ...this.services.get(name),
      ...change,
    })
  }
}

let orca: FakeOrca
let engine: ServiceEngine
beforeEach(async () => {
  orca = new FakeOrca()
  await orca.start()
  const context: DriverContext = {
    ...{home: '/nonexistent', env: {}, context: 'lab', namespace: undefined, log: silentLogger},
    http: createHttp({log: silentLogger, attempts: 1}),
    exec: () => Promise.reject(new Error('nothing is executed here')),
    notice: () => undefined,
  }
  engine = await createOrcaEngine(context, {url: orca.url, token: 't'})
})
afterEach(async () => {
  orca.server?.closeAllConnections()
  await new Promise((resolve) => orca.server?.close(resolve))
})

const web = serviceSpec.parse({name: 'web', image: 'nginx:alpine', replicas: 2, resources: {memory: '64Mi'}})

it('deploys and waits until the replicas are seen', async () => {
  expect(await engine.create(web)).toMatchObject({status: 'running', runningReplicas: 2, spec: {image: 'nginx:alpine'}})
  expect(orca.deployed).toMatchObject([{name: 'web', runtime: 'container', resources: {memory: '67108864'}}])
  await expect(engine.create(web)).rejects.toMatchObject({code: 'CONFLICT'})
})

it('says why a deploy was refused', async () => {
  await expect(engine.create({...web, image: 'bad'})).rejects.toMatchObject({
    code: 'DEPLOY_FAILED',
    message: 'web: no such image',
  })
})

it('tells why the replicas of a deploy that was called good do not run', async () => {
  await expect(engine.create({...web, image: 'crashes'})).rejects.toMatchObject({
    code: 'DEPLOY_FAILED',
    details: {reason: 'CrashLoopBackOff', restarts: 4},
  })
})

it('rolls back one step, and promotes', async () => {
  await engine.create(web)
  await expect(engine.releases?.rollback('web')).rejects.toMatchObject({code: 'NOT_FOUND'})
  await engine.update('web', {...web, image: 'nginx:2'})
  expect(await engine.releases?.rollback('web')).toMatchObject({runningReplicas: 2})
  await expect(engine.releases?.rollback('web', {to: 'r1'})).rejects.toMatchObject({code: 'UNSUPPORTED'})
  await expect(engine.canary?.promote('web')).rejects.toMatchObject({code: 'CONFLICT'})
  await expect(engine.canary?.abort('web')).rejects.toMatchObject({code: 'UNSUPPORTED'})
})

it('refuses what Orca cannot run before it asks', async () => {
  const own = serviceSpec.parse({name: 'own', command: 'node x.js'})
  await expect(engine.create(own)).rejects.toMatchObject({code: 'UNSUPPORTED'})
  expect(orca.deployed).toEqual([])
})

it('scales, stops, and removes twice', async () => {
  await engine.create(web)
  expect(await engine.scale('web', 3)).toMatchObject({runningReplicas: 3})
  expect(await engine.stop('web')).toMatchObject({runningReplicas: 0})
  await engine.remove('web')
  await engine.remove('web')
  expect(await engine.list()).toEqual([])
  await expect(engine.scale('web', 1)).rejects.toMatchObject({code: 'NOT_FOUND'})
})

it('says that an old Orca has no restart', async () => {
  await engine.create(web)
  await expect(engine.restart('web')).rejects.toMatchObject({code: 'UNSUPPORTED'})
})

it('reads logs and nodes', async () => {
  const lines = await Array.fromAsync(engine.logs?.read('web') ?? [])
  expect(lines.map(({text}) => text)).toEqual(['one', 'two'])
  expect(await engine.nodes?.list()).toMatchObject([{id: '4307800580201474175', labels: {role: 'master'}}])
  expect(await engine.check()).toMatchObject({ok: true, message: "Orca cluster 'lab'"})
})
