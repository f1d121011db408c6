import {randomBytes, randomUUID} from 'node:crypto'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {poll, type ServiceInput, type ServiceSpec, serviceSpec} from '@omni-cli/sdk'
import {createEdge} from '../../src/edge/client.ts'
import type {Edge} from '../../src/edge/table.ts'
import {createAllRuntimes} from '../../src/runtimes/all-runtimes.ts'
import {createDockerRuntime, type DockerRuntime} from '../../src/runtimes/docker/docker-runtime.ts'
import {createProcessRuntime} from '../../src/runtimes/process/process-runtime.ts'
import type {Runtime} from '../../src/runtimes/runtime.ts'
import type {DeployOutcome} from '../../src/server/control.ts'
import {createControl, type RunningControl} from '../../src/server/create-control.ts'
import {openStore} from '../../src/server/store/store.ts'
import type {Timing} from '../../src/server/timing.ts'
import {alice, severable} from '../server/harness.ts'

export const host = process.env.OMNI_TEST_DOCKER_HOST

/** Waits of tests on a busy machine. */
const PATIENCE_MS = 30_000

export const until = <T>(probe: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> =>
  poll({everyMs: 20, timeoutMs: PATIENCE_MS}, probe)

/** Control plane, proxy, processes and containers as they are in use, in a home of its own. */
export class ServerHome {
  readonly home = mkdtempSync(join(tmpdir(), 'omni-docker-'))
  /** Of all names of this home, so that tests on one Engine do not meet. */
  readonly tag = randomBytes(3).toString('hex')
  readonly owner = randomUUID()
  readonly edge: Edge = createEdge({home: this.home})
  readonly #dockerHost: string
  readonly #timing: Partial<Timing>
  #cut = new AbortController()
  hasContainers = false
  runtime!: Runtime
  docker!: DockerRuntime
  control!: RunningControl

  constructor(dockerHost = host ?? '', timing: Partial<Timing> = {}) {
    this.#dockerHost = dockerHost
    this.#timing = timing
  }

  static async open(timing: Partial<Timing> = {}, dockerHost = host ?? ''): Promise<ServerHome> {
    const at = new ServerHome(dockerHost, timing)
    await at.start()
    return at
  }

  /** @param wrap what the control plane sees of the runtime */
  async start(wrap: (runtime: Runtime) => Runtime = (runtime) => runtime): Promise<void> {
    const {home, owner, edge} = this
    const store = openStore(home)
    this.docker = createDockerRuntime({home, owner, env: {DOCKER_HOST: this.#dockerHost}})
    this.runtime = createAllRuntimes({
      process: createProcessRuntime({home}),
      docker: this.docker,
      specOf: (service) => store.services.get(service)?.spec,
      hasContainers: this.hasContainers,
      onFirstContainer: () => {
        this.hasContainers = true
      },
    })
    const cut = new AbortController()
    this.#cut = cut
    this.control = await createControl({
      ...{home, store, clusterName: 'test'},
      edge: severable<Edge>(edge, cut.signal),
      runtime: severable<Runtime>(wrap(this.runtime), cut.signal),
      edgeHttp: '127.0.0.1:18997',
      timing: {aliveMs: 200, trialMs: 500, ...this.#timing},
    })
  }

  /** The server ends as by SIGKILL: nothing it does or hears has an effect from here on. */
  kill(): void {
    this.#cut.abort()
    this.control.database.close()
  }

  /** The server ends and begins again; the containers run on. */
  async reopen(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async stop(): Promise<void> {
    if (this.control.database.isOpen) await this.control.close()
    await this.runtime.close()
  }

  name(base = 'web'): string {
    return `${base}-${this.tag}`
  }

  spec(change: Partial<ServiceInput> = {}): ServiceSpec {
    return serviceSpec.parse({
      name: this.name(),
      project: `t${this.tag}`,
      image: 'omni-test/app:1',
      pull_policy: 'never',
      port: 8080,
      stop_grace_secs: 1,
      deploy: {ready_timeout_secs: 15, drain_secs: 1},
      ...change,
    })
  }

  deploy(...specs: ServiceSpec[]): Promise<DeployOutcome> {
    return this.control.deploy(specs, {actor: alice, reason: 'deploy'})
  }

  /** Deploys and expects no error. */
  async deployed(...specs: ServiceSpec[]): Promise<void> {
    const {errors} = await this.deploy(...specs)
    if (errors.length > 0) throw new Error(JSON.stringify(errors, undefined, 2))
  }

  async service(base?: string) {
    const service = await this.control.get(this.name(base))
    if (service === undefined) throw new Error(`no service '${this.name(base)}'`)
    return service
  }

  /** The text that the service answers through the proxy. */
  async ask(path = '/', base?: string): Promise<string> {
    const url = (await this.service(base)).endpoints.find(({via}) => via === 'local')?.url
    return await (await fetch(`${url}${path}`)).text()
  }

  /** Running containers of the service, as the Engine has them. */
  async containers(base?: string) {
    const all = await this.docker.list()
    return all.filter(({service, state}) => service === this.name(base) && state === 'running')
  }

  async events(base?: string): Promise<string[]> {
    const all = await Array.fromAsync(this.control.events({ref: `service/${this.name(base)}`}))
    return all.map(({type}) => type)
  }

  /** A call of the Engine by hand. */
  engine(method: string, path: string, query: Readonly<Record<string, string | boolean>> = {}): Promise<unknown> {
    return this.docker.engine.call(method, path, {query})
  }

  async close(): Promise<void> {
    if (!this.control.database.isOpen) await this.start()
    for (const {name} of await this.control.list()) {
      await this.control.remove(name, {actor: alice, purge: true}).catch(() => undefined)
    }
    await this.control.close('stop')
    await this.edge.shutdown(100)
    this.edge.close()
    await this.docker.settled()
    await this.runtime.close()
    rmSync(this.home, {recursive: true, force: true})
  }
}
