import {
  type ListOptions,
  type LogLine,
  OmniError,
  type OmniEvent,
  type Release,
  type Replica,
  type Service,
  type ServiceEngine,
  type ServiceFailure,
  type ServiceSpec,
} from '@omni-cli/sdk'

export interface MemoryServicesOptions {
  /** Why a spec cannot start; undefined when it can. Default: a command `exit N` fails with that status. */
  readonly failure?: ((spec: ServiceSpec) => ServiceFailure | undefined) | undefined
}

interface Entry {
  service: Service
  releases: Release[]
  lines: LogLine[]
}

/** Services in memory: keeps every promise of `ServiceEngine`; replicas are ready at once. */
export function createMemoryServices(
  options: MemoryServicesOptions = {},
): ServiceEngine & {readonly entries: Map<string, Entry>} {
  const engine = new MemoryServices(options.failure ?? exitCommandFailure)
  return {
    name: 'memory',
    traits: {sources: ['image', 'command', 'build'], labels: true},
    entries: engine.entries,
    check: async () => ({ok: true, version: '1'}),
    list: async (listOptions) => engine.list(listOptions),
    get: async (name) => engine.entries.get(name)?.service,
    create: async (spec, call) => engine.create(spec, call?.signal),
    update: async (name, spec, call) => engine.update(name, spec, call?.signal),
    remove: async (name, call) => engine.remove(name, call?.signal),
    start: async (name) => engine.setRunning(name, true),
    stop: async (name) => engine.setRunning(name, false),
    restart: async (name) => engine.restart(name),
    scale: async (name, replicas) => engine.scale(name, replicas),
    logs: {read: (name, logOptions) => engine.logs(name, logOptions?.tail)},
    events: {read: (eventOptions) => engine.readEvents(eventOptions?.since ?? 0, eventOptions?.ref)},
    releases: {
      list: async (name) => [...engine.found(name).releases].reverse(),
      rollback: async (name, rollbackOptions) => engine.rollback(name, rollbackOptions?.to),
    },
  }
}

function exitCommandFailure(spec: ServiceSpec): ServiceFailure | undefined {
  const code = /^exit (\d+)$/.exec(typeof spec.command === 'string' ? spec.command : '')?.[1]
  if (code === undefined) return undefined
  const at = new Date().toISOString()
  return {
    reason: 'StartFailed',
    message: `exited with ${code}`,
    exit: {code: Number(code), at},
    restarts: 0,
    at,
    lastLines: ['broken on purpose'],
  }
}

class MemoryServices {
  readonly entries = new Map<string, Entry>()
  readonly #events: OmniEvent[] = []
  readonly #failure: (spec: ServiceSpec) => ServiceFailure | undefined
  #pid = 1000

  constructor(failure: (spec: ServiceSpec) => ServiceFailure | undefined) {
    this.#failure = failure
  }

  found(name: string): Entry {
    const entry = this.entries.get(name)
    if (entry === undefined) throw new OmniError('NOT_FOUND', `no service '${name}'`)
    return entry
  }

  list({labels = {}, project}: ListOptions = {}): Service[] {
    const wanted = Object.entries(labels)
    return [...this.entries.values()]
      .map(({service}) => service)
      .filter(({spec}) => project === undefined || spec.project === project)
      .filter(({spec}) => wanted.every(([key, value]) => spec.labels[key] === value))
  }

  create(spec: ServiceSpec, signal: AbortSignal | undefined): Service {
    signal?.throwIfAborted()
    if (this.entries.has(spec.name)) throw new OmniError('CONFLICT', `service '${spec.name}' exists already`)
    const entry: Entry = {service: emptyService(spec), releases: [], lines: []}
    this.entries.set(spec.name, entry)
    return this.#deploy(entry, spec, 'deploy')
  }

  update(name: string, spec: ServiceSpec, signal: AbortSignal | undefined): Service {
    signal?.throwIfAborted()
    const entry = this.found(name)
    if (JSON.stringify(entry.service.spec) === JSON.stringify(spec)) return entry.service
    return this.#deploy(entry, spec, 'deploy')
  }

  remove(name: string, signal: AbortSignal | undefined): void {
    signal?.throwIfAborted()
    if (this.entries.delete(name)) this.#tell(name, 'service.removed')
  }

  setRunning(name: string, running: boolean): Service {
    const entry = this.found(name)
    const {service} = entry
    if ((service.status === 'stopped') === !running) return service
    const replicas = running ? this.#replicas(service.spec, service.desiredReplicas, service.release ?? 'r1') : []
    return this.#set(entry, {
      ...service,
      status: running ? 'running' : 'stopped',
      replicas,
      runningReplicas: replicas.length,
    })
  }

  restart(name: string): Service {
    this.setRunning(name, false)
    return this.setRunning(name, true)
  }

  scale(name: string, count: number): Service {
    const entry = this.found(name)
    const {service} = entry
    const kept = service.replicas.filter((replica) => replica.index < count)
    const added = this.#replicas(service.spec, count, service.release ?? 'r1').slice(kept.length)
    return this.#set(entry, {...service, desiredReplicas: count, runningReplicas: count, replicas: [...kept, ...added]})
  }

  rollback(name: string, to: string | undefined): Service {
    const entry = this.found(name)
    const older = entry.releases
      .filter(({status, id}) => status === 'superseded' && (to === undefined || id === to))
      .at(-1)
    if (older === undefined) throw new OmniError('NOT_FOUND', `no release ${to ?? 'before this one'} of '${name}'`)
    return this.#deploy(entry, older.spec, `rollback to ${older.id}`)
  }

  async *logs(name: string, tail = Number.POSITIVE_INFINITY): AsyncIterable<LogLine> {
    const {lines} = this.found(name)
    yield* lines.slice(Math.max(0, lines.length - tail))
  }

  async *readEvents(since: number, ref: string | undefined): AsyncIterable<OmniEvent> {
    yield* this.#events.filter((event) => event.id > since && (ref === undefined || event.ref === ref))
  }

  #deploy(entry: Entry, spec: ServiceSpec, reason: string): Service {
    const id = `r${entry.releases.length + 1}`
    const failure = this.#failure(spec)
    const release: Release = {
      id,
      service: spec.name,
      status: failure === undefined ? 'active' : 'failed',
      spec,
      createdAt: new Date().toISOString(),
      reason,
      failure,
    }
    if (failure === undefined) {
      entry.releases = entry.releases.map((old) => (old.status === 'active' ? {...old, status: 'superseded'} : old))
    }
    entry.releases.push(release)
    this.#tell(spec.name, failure === undefined ? 'deploy.succeeded' : 'deploy.failed')
    if (failure !== undefined) throw new OmniError('DEPLOY_FAILED', `'${spec.name}' did not start`, {details: failure})

    const count = spec.replicas === 'auto' ? 1 : spec.replicas
    const replicas = this.#replicas(spec, count, id)
    for (const {name} of replicas)
      entry.lines.push({time: new Date().toISOString(), stream: 'stdout', replica: name, text: `started ${id}`})
    return this.#set(entry, {
      ...entry.service,
      spec,
      status: 'running',
      desiredReplicas: count,
      runningReplicas: count,
      release: id,
      replicas,
    })
  }

  #replicas(spec: ServiceSpec, count: number, release: string): Replica[] {
    return Array.from({length: count}, (_, index) => ({
      name: `${spec.name}-${index}`,
      index,
      status: 'ready',
      release,
      pid: this.#pid++,
      startedAt: new Date().toISOString(),
      restarts: 0,
    }))
  }

  #set(entry: Entry, service: Service): Service {
    entry.service = service
    this.#tell(service.name, 'service.changed')
    return service
  }

  #tell(name: string, type: string): void {
    const id = this.#events.length + 1
    this.#events.push({id, time: new Date().toISOString(), ref: `service/${name}`, type, message: type})
  }
}

const emptyService = (spec: ServiceSpec): Service => ({
  name: spec.name,
  ...(spec.project === undefined ? {} : {project: spec.project}),
  status: 'deploying',
  spec,
  desiredReplicas: 0,
  runningReplicas: 0,
  endpoints: [],
  replicas: [],
})
