import {randomBytes} from 'node:crypto'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {mapLimit, poll, type ServiceInput, serviceSpec} from '@omni-cli/sdk'
import {createDockerRuntime, type DockerRuntime} from '../../../src/runtimes/docker/docker-runtime.ts'
import {createEngine, type Engine} from '../../../src/runtimes/docker/engine/engine.ts'
import {openTransport} from '../../../src/runtimes/docker/engine/transport.ts'
import type {InstanceRequest, RuntimeEvent, RuntimeInstance} from '../../../src/runtimes/runtime.ts'

export const dockerHost = process.env.OMNI_TEST_DOCKER_HOST

export const APP = 'omni-test/app:1'
export const BUSYBOX = 'omni-test/busybox:1'

/** A name that nobody else uses. */
export const someName = (what = 'svc') => `${what}${randomBytes(4).toString('hex')}`

export interface Bench {
  readonly runtime: DockerRuntime
  readonly engine: Engine
  readonly home: string
  readonly owner: string
  readonly events: RuntimeEvent[]
  /** The first end of an instance that is told. */
  exited(id: string): Promise<RuntimeInstance>
  imageId(name: string): Promise<string>
  request(input: Partial<ServiceInput>, more?: Partial<InstanceRequest>): Promise<InstanceRequest>
  end(): Promise<void>
}

export interface BenchOptions {
  readonly home?: string | undefined
  readonly owner?: string | undefined
  readonly host?: string | undefined
}

/** A runtime with a home and a server id of its own; `end` removes all that it has made. */
export function openBench(options: BenchOptions = {}): Bench {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'omni-docker-'))
  const owner = options.owner ?? someName('owner')
  const env = {DOCKER_HOST: options.host ?? dockerHost ?? ''}
  const engine = createEngine(openTransport(env))
  const runtime = createDockerRuntime({home, owner, env})
  const events: RuntimeEvent[] = []
  // The addresses of an Engine are enough for few networks.
  const project = someName('project')
  runtime.subscribe((event) => events.push(event))
  const imageId = async (name: string) => field(await engine.call('GET', `/images/${name}/json`), 'Id')
  return {
    ...{runtime, engine, home, owner, events, imageId},
    exited: (id) =>
      poll({everyMs: 5, timeoutMs: 20_000}, () =>
        events.flatMap((event) => (event.type === 'exited' && event.instance.id === id ? [event.instance] : [])).at(0),
      ),
    async request(input, more = {}) {
      const spec = serviceSpec.parse({name: someName(), image: BUSYBOX, project, ...input})
      const env = spec.env
      const prepared = {location: await imageId(spec.image ?? BUSYBOX)}
      return {service: spec.name, index: 0, release: 'r1', spec, env, prepared, ...more}
    },
    async end() {
      await runtime.close()
      await removeAll(engine, owner)
      engine.close()
      rmSync(home, {recursive: true, force: true})
    },
  }
}

/** Ends at once when it is asked to, which a plain `sleep` does not as the first process. */
export const SLEEPER = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait']

/** Text of one key of an answer. */
export const field = (answer: unknown, key: string): string =>
  typeof answer === 'object' && answer !== null
    ? String(Object.entries(answer).find(([name]) => name === key)?.[1])
    : ''

/** Everything that carries the label of the owner. */
export async function removeAll(engine: Engine, owner: string): Promise<void> {
  const query = {all: true, filters: JSON.stringify({label: [`omni.owner=${owner}`]})}
  const containers = list(await engine.call('GET', '/containers/json', {query}))
  await mapLimit(containers, 8, (container) =>
    engine
      .call('DELETE', `/containers/${field(container, 'Id')}`, {query: {force: true, v: true}})
      .catch(() => undefined),
  )
  const volumes = await engine.call('GET', '/volumes', {query})
  const found = typeof volumes === 'object' && volumes !== null && 'Volumes' in volumes ? list(volumes.Volumes) : []
  for (const volume of found) await engine.call('DELETE', `/volumes/${field(volume, 'Name')}`)
  for (const network of list(await engine.call('GET', '/networks', {query: {filters: query.filters}}))) {
    await engine.call('DELETE', `/networks/${field(network, 'Id')}`).catch(() => undefined)
  }
}

export const list = (answer: unknown): unknown[] => (Array.isArray(answer) ? answer : [])

/** What the Engine says about a container, by id or name; undefined when there is none. */
export async function inspected(engine: Engine, id: string) {
  // biome-ignore lint/suspicious/noExplicitAny: whatever the Engine answers, of which each test looks at something else
  return (await engine.call('GET', `/containers/${id}/json`).catch(() => undefined)) as any
}
