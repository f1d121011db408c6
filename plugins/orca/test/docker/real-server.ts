import {poll} from '@omni-cli/sdk'
import {afterAll, afterEach, beforeAll, beforeEach} from 'vitest'
import {type Api, createApi, exchange} from '../../src/conformance/api.ts'
import {Bench} from '../../src/conformance/bench.ts'
import {createEngine, type Engine} from '../../src/runtimes/docker/engine/engine.ts'
import {openTransport} from '../../src/runtimes/docker/engine/transport.ts'
import {openServer, type TestServer} from '../conformance/open-server.ts'

export const host = process.env.OMNI_TEST_DOCKER_HOST

/** What the Engine says about a container, as far as tests look at it. */
export interface Container {
  readonly Id: string
  readonly Name: string
  readonly Config: {readonly Labels: Readonly<Record<string, string>>}
  readonly State: {readonly Pid: number; readonly StartedAt: string}
  readonly HostConfig: {readonly Memory: number; readonly LogConfig: unknown}
  readonly Mounts: readonly {readonly Name: string}[]
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, unknown>>
    readonly Ports: Readonly<Record<string, readonly {readonly HostIp: string}[] | null>>
  }
}

/** The built server as a user starts it, its API, and the Engine beside it. */
export interface RealServer extends TestServer {
  readonly api: Api
  readonly engine: Engine
  /** Services of one test. */
  bench: Bench
  /** Running containers of the service, by name. */
  containers(name: string): Promise<Container[]>
  /** The answer of a service through the proxy. */
  ask(domain: string, path?: string): Promise<string>
}

/**
 * One for all tests of the file; each test has a bench of its own.
 * @param env of the server
 */
export function useRealServer(env: Readonly<Record<string, string>> = {DOCKER_HOST: host ?? ''}): RealServer {
  const at = {} as RealServer
  beforeAll(async () => {
    if (host === undefined) return
    const engine = createEngine(openTransport({DOCKER_HOST: host}))
    const server = await openServer(env)
    Object.assign(at, server, {
      engine,
      api: createApi(server.url, server.token),
      containers: (name: string) => containersOf(engine, name),
      ask: (domain: string, path = '/') => ask(server.proxy, domain, path),
    })
  })
  beforeEach(() => {
    at.bench = new Bench(at.api, {fields: {image: 'omni-test/app:1', port: 8080}, isApp: true})
  })
  afterEach(() => at.bench.clear())
  afterAll(async () => {
    await at.close?.()
    at.engine?.close()
  })
  return at
}

async function containersOf(engine: Engine, name: string): Promise<Container[]> {
  const filters = JSON.stringify({label: [`omni.service=${name}`]})
  const rows = (await engine.call('GET', '/containers/json', {query: {filters}})) as {Id: string}[]
  const found = await Promise.all(rows.map(({Id}) => engine.call('GET', `/containers/${Id}/json`)))
  return (found as Container[]).sort((a, b) => (a.Name < b.Name ? -1 : 1))
}

async function ask(proxy: string, domain: string, path: string): Promise<string> {
  const answer = await exchange(new URL(proxy), {method: 'GET', path, headers: {host: domain}, body: undefined})
  return answer.status === 200 ? answer.text : `${answer.status} ${answer.text}`
}

export const until = <T>(probe: () => Promise<T | undefined | false>): Promise<T> =>
  poll({everyMs: 50, timeoutMs: 30_000}, probe)
