import {EventEmitter, once} from 'node:events'
import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import type {ExitInfo, ServiceSpec} from '@omni-cli/sdk'
import type {
  InstanceRequest,
  PrepareRequest,
  Runtime,
  RuntimeEvent,
  RuntimeInstance,
} from '../../src/runtimes/runtime.ts'

/** How replicas of a release behave; chosen by `env.BEHAVIOUR` of the spec. */
export type Behaviour = 'ok' | 'crash' | 'deaf' | 'sick' | 'unbuildable'

interface FakeInstance {
  info: RuntimeInstance
  readonly server: Server
  /** Status of the answer to every request. */
  httpStatus: number
}

export type Step = 'prepare' | 'create' | 'created' | 'stop' | 'remove' | 'list'

/**
 * Replicas that are HTTP servers of this process. Lives on when its user is thrown away, like a real supervisor.
 * `hook` is called at each step and may throw, wait or kill.
 */
export class FakeRuntime implements Runtime {
  readonly name: string
  readonly sources = ['command', 'build'] as const
  readonly instances = new Map<string, FakeInstance>()
  /** Steps in order: `create web r1 0`. */
  readonly calls: string[] = []
  hook: (step: Step, what: string) => Promise<void> | void = () => undefined
  /** Wait before a replica listens. */
  bootMs = 0
  #count = 0
  readonly #isDocker: boolean
  readonly #news = new EventEmitter()

  /** As Docker it takes images, and its ids are those of containers. */
  constructor({isDocker = false}: {readonly isDocker?: boolean} = {}) {
    this.name = isDocker ? 'docker' : 'fake'
    this.#isDocker = isDocker
  }

  async check() {
    return {ok: true}
  }

  problems(spec: ServiceSpec): string[] {
    return spec.image === undefined || this.#isDocker ? [] : ['images do not run here']
  }

  warnings(spec: ServiceSpec): string[] {
    return spec.resources === undefined ? [] : ['limits are not enforced']
  }

  async prepare(
    {service, release, spec, isForced = false}: PrepareRequest,
    options?: {onOutput?: ((line: string) => void) | undefined; signal?: AbortSignal | undefined},
  ) {
    await this.#step('prepare', `${service} ${release}${isForced ? ' forced' : ''}`)
    options?.signal?.throwIfAborted()
    if (spec.env.BEHAVIOUR === 'unbuildable') {
      options?.onOutput?.('cannot find the thing')
      throw new Error('the build exited with code 2')
    }
    return {location: `/releases/${service}/${release}`}
  }

  async prune(service: string, keep: readonly string[]) {
    this.calls.push(`prune ${service} ${keep.length}`)
  }

  async create(request: InstanceRequest): Promise<RuntimeInstance> {
    const what = `${request.service} ${request.release} ${request.index}`
    await this.#step('create', what)
    const behaviour = (request.spec.env.BEHAVIOUR ?? 'ok') as Behaviour
    const server = createServer((_, response) => {
      response.statusCode = instance.httpStatus
      response.end(request.env.VERSION ?? request.release)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const {port} = server.address() as AddressInfo
    const number = String(++this.#count)
    const id = this.#isDocker ? number.padStart(64, 'c') : `i${number}`
    const instance: FakeInstance = {
      server,
      httpStatus: behaviour === 'sick' ? 500 : 200,
      info: {
        id,
        service: request.service,
        index: request.index,
        release: request.release,
        state: 'running',
        address: `127.0.0.1:${port}`,
        pid: 1000 + this.#count,
        startedAt: new Date().toISOString(),
      },
    }
    this.instances.set(id, instance)
    if (behaviour === 'deaf' || behaviour === 'crash') server.close()
    if (this.bootMs > 0) {
      await new Promise((resolve) => server.close(resolve))
      setTimeout(() => instance.info.state === 'running' && server.listen(port, '127.0.0.1'), this.bootMs)
    }
    if (behaviour === 'crash') setImmediate(() => this.kill(id, {code: 7}))
    await this.#step('created', what)
    return instance.info
  }

  async stop(id: string): Promise<ExitInfo | undefined> {
    const instance = this.instances.get(id)
    if (instance === undefined || instance.info.state === 'exited') return instance?.info.exit
    await this.#step('stop', nameOf(instance.info))
    this.kill(id, {signal: 'SIGTERM'})
    return instance.info.exit
  }

  async remove(id: string): Promise<void> {
    const instance = this.instances.get(id)
    if (instance === undefined) return
    await this.#step('remove', nameOf(instance.info))
    if (instance.info.state === 'running') this.kill(id, {signal: 'SIGKILL'})
    this.instances.delete(id)
  }

  async purge(service: string) {
    this.calls.push(`purge ${service}`)
  }

  async open(): Promise<never> {
    throw new Error('no program runs inside of a fake')
  }

  async list(): Promise<RuntimeInstance[]> {
    await this.#step('list', '')
    return [...this.instances.values()].map(({info}) => info)
  }

  async *logs(service: string) {
    yield {time: new Date().toISOString(), stream: 'stdout' as const, replica: `${service}-0`, text: 'hello'}
  }

  async lastLines(): Promise<string[]> {
    return ['broken on purpose']
  }

  async exec(_: string, argv: readonly string[]) {
    return {exitCode: argv[0] === 'true' ? 0 : 1, output: ''}
  }

  async stats() {
    return new Map(this.running().map(({id}) => [id, {cpuPercent: 1.5, memoryBytes: 1024}]))
  }

  subscribe(listener: (event: RuntimeEvent) => void): () => void {
    this.#news.on('event', listener)
    return () => this.#news.off('event', listener)
  }

  async close() {
    for (const {server} of this.instances.values()) {
      server.closeAllConnections()
      server.close()
    }
  }

  /** Ends an instance as if its process had died. */
  kill(id: string, exit: Omit<ExitInfo, 'at'>): void {
    const instance = this.instances.get(id)
    if (instance === undefined || instance.info.state === 'exited') return
    instance.info = {...instance.info, state: 'exited', exit: {...exit, at: new Date().toISOString()}}
    instance.server.closeAllConnections()
    instance.server.close()
    this.#news.emit('event', {type: 'exited', instance: instance.info})
  }

  emit(event: RuntimeEvent): void {
    this.#news.emit('event', event)
  }

  running(service?: string): RuntimeInstance[] {
    return [...this.instances.values()]
      .map(({info}) => info)
      .filter((info) => info.state === 'running' && (service === undefined || info.service === service))
  }

  setStatus(id: string, httpStatus: number): void {
    const instance = this.instances.get(id)
    if (instance !== undefined) instance.httpStatus = httpStatus
  }

  async #step(step: Step, what: string): Promise<void> {
    this.calls.push(`${step} ${what}`.trim())
    await this.hook(step, what)
  }
}

const nameOf = ({service, release, index}: RuntimeInstance): string => `${service} ${release} ${index}`
