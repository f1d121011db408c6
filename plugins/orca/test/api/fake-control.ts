import {EventEmitter, once} from 'node:events'
import {
  type ErrorCode,
  type LogLine,
  OmniError,
  type OmniEvent,
  type Release,
  type Service,
  type ServiceSpec,
} from '@omni-cli/sdk'
import type {ExecRequest, ExecSession} from '../../src/runtimes/runtime.ts'
import type {Control, DeployOutcome, DeployRequestOptions} from '../../src/server/control.ts'
import type {TlsState} from '../../src/server/tls/tls-book.ts'

/** An orchestrator in memory: every deploy succeeds at once, but for commands named `fail`. */
export class FakeControl implements Control {
  readonly clusterName = 'orca'
  readonly services = new Map<string, Service>()
  readonly history = new Map<string, Release[]>()
  readonly lines: LogLine[] = []
  readonly artifacts = new Map<string, Buffer>()
  readonly calls: string[] = []
  readonly happened: OmniEvent[] = []
  readonly #bell = new EventEmitter()
  certificateStates: readonly TlsState[] = []
  /** When set, deploys wait for it (or for their signal). */
  gate: Promise<void> | undefined
  aborted = 0
  /** Bytes of uploads. */
  received = 0
  isDiskFull = false

  async health() {
    return {ok: true}
  }

  async deploy(specs: readonly ServiceSpec[], options: DeployRequestOptions): Promise<DeployOutcome> {
    const deployed: string[] = []
    const errors: {service: string; code: ErrorCode; message: string; details?: unknown}[] = []
    for (const spec of specs) {
      options.onProgress?.({service: spec.name, note: 'starting'})
      if (this.gate !== undefined) await this.#waitForGate(options.signal)
      const failure = this.#failureOf(spec, options)
      if (failure !== undefined) {
        errors.push({service: spec.name, ...failure})
        continue
      }
      this.#put(spec, options)
      deployed.push(spec.name)
    }
    return {deployed, errors, warnings: []}
  }

  #failureOf(spec: ServiceSpec, {onlyNew}: DeployRequestOptions) {
    if (onlyNew === true && this.services.has(spec.name)) return {code: 'CONFLICT', message: 'it exists'} as const
    if (spec.command !== 'fail') return undefined
    const details = {reason: 'StartFailed', lastLines: ['x']}
    return {code: 'DEPLOY_FAILED', message: 'it exits at once', details} as const
  }

  async #waitForGate(signal: AbortSignal | undefined): Promise<void> {
    const abort = new Promise<never>((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        this.aborted++
        this.#bell.emit('aborted')
        reject(new OmniError('ABORTED', 'interrupted'))
      })
    })
    await Promise.race([this.gate, abort])
  }

  /** Resolves when some deploy was aborted. */
  async whenAborted(): Promise<void> {
    if (this.aborted === 0) await once(this.#bell, 'aborted')
  }

  #put(spec: ServiceSpec, {actor, reason}: {actor: {name: string}; reason: string}): Service {
    const history = this.history.get(spec.name) ?? []
    const release: Release = {
      id: `r${history.length + 1}`,
      service: spec.name,
      status: 'active',
      spec,
      createdAt: '2026-01-01T00:00:00Z',
      actor: actor.name,
      reason,
    }
    this.history.set(spec.name, [release, ...history])
    const replicas = spec.replicas === 'auto' ? 1 : spec.replicas
    const service: Service = {
      name: spec.name,
      ...(spec.project === undefined ? {} : {project: spec.project}),
      status: 'running',
      spec,
      desiredReplicas: replicas,
      runningReplicas: replicas,
      release: release.id,
      endpoints: [],
      replicas: [],
    }
    this.services.set(spec.name, service)
    this.event(`service/${spec.name}`, 'release.active', 'it serves')
    return service
  }

  async redeploy(name: string, {reason}: {readonly reason: string}): Promise<Service> {
    this.calls.push(`redeploy ${name} ${reason}`)
    await this.gate
    return this.#must(name)
  }

  async promote(name: string): Promise<Service> {
    throw new OmniError('CONFLICT', `no canary instances to promote for '${name}'`)
  }

  async abortCanary(name: string): Promise<Service> {
    throw new OmniError('CONFLICT', `no canary instances to abort for '${name}'`)
  }

  async decideCanary(name: string): Promise<never> {
    throw new OmniError('CONFLICT', `no canary instances to decide about for '${name}'`)
  }

  async exec(_name: string, _request: ExecRequest): Promise<ExecSession> {
    throw new OmniError('UNSUPPORTED', 'nothing runs here')
  }

  #must(name: string): Service {
    const service = this.services.get(name)
    if (service === undefined) throw new OmniError('NOT_FOUND', `no service '${name}'`)
    return service
  }

  #change(name: string, change: Partial<Service>): Service {
    const service = {...this.#must(name), ...change}
    this.services.set(name, service)
    return service
  }

  async list(project?: string) {
    return [...this.services.values()].filter((service) => project === undefined || service.project === project)
  }
  async get(name: string) {
    return this.services.get(name)
  }
  certificates() {
    return this.certificateStates
  }
  async scale(name: string, replicas: number) {
    return this.#change(name, {desiredReplicas: replicas, runningReplicas: replicas})
  }
  async start(name: string) {
    return this.#change(name, {status: 'running'})
  }
  async stop(name: string) {
    return this.#change(name, {status: 'stopped', runningReplicas: 0})
  }
  async restart(name: string, actor: {name: string}) {
    this.calls.push(`restart ${name} by ${actor.name}`)
    await this.gate
    return this.#must(name)
  }
  async remove(name: string, {purge}: {purge: boolean}) {
    this.calls.push(`remove ${name}${purge ? ' purge' : ''}`)
    this.services.delete(name)
  }
  async releases(name: string) {
    this.#must(name)
    return this.history.get(name) ?? []
  }
  async rollback(name: string, {to, actor}: {to?: string | undefined; actor: {name: string}}) {
    const history = this.history.get(name) ?? []
    const release = to === undefined ? history[1] : history.find(({id}) => id === to)
    if (release === undefined) throw new OmniError('NOT_FOUND', `'${name}' has no release '${to}'`)
    return this.#put(release.spec, {actor, reason: `rollback to ${release.id}`})
  }
  async *logs(_name: string, {tail, follow, signal}: {tail?: number; follow?: boolean; signal?: AbortSignal}) {
    yield* this.lines.slice(-(tail ?? this.lines.length))
    if (follow) await new Promise((resolve) => signal?.addEventListener('abort', resolve))
  }

  event(ref: string, type: string, message: string): void {
    this.happened.push({id: this.happened.length + 1, time: '2026-01-01T00:00:00Z', ref, type, message})
    this.#bell.emit('event')
  }
  async *events(options: {since?: number; follow?: boolean; ref?: string; signal?: AbortSignal}) {
    let at = options.since ?? 0
    while (true) {
      const next = this.happened.filter((event) => event.id > at)
      for (const event of next) {
        at = event.id
        if (options.ref === undefined || options.ref === event.ref) yield event
      }
      if (next.length > 0) continue
      if (!options.follow) return
      await once(this.#bell, 'event', {signal: options.signal as AbortSignal})
    }
  }

  async nodes() {
    const lastSeen = '2026-01-01T00:00:00Z'
    return [{id: 'orca-master', address: 'localhost:6880', labels: {role: 'master'}, draining: false, lastSeen}]
  }
  async metrics() {
    return '# TYPE orca_services_total gauge\norca_services_total 0\n'
  }
  async hasArtifact(digest: string) {
    return this.artifacts.has(digest)
  }
  async putArtifact(digest: string, content: AsyncIterable<Buffer>) {
    const chunks: Buffer[] = []
    for await (const chunk of content) {
      this.received += chunk.length
      if (this.isDiskFull) throw new OmniError('IO', 'the disk is full')
      chunks.push(chunk)
    }
    this.artifacts.set(digest, Buffer.concat(chunks))
  }
}
