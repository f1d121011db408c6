import {
  type CallOptions,
  type Health,
  type ListOptions,
  OmniError,
  type Service,
  type ServiceEngine,
  type ServiceTraits,
  throwIfAborted,
} from '@omni-cli/sdk'
import type {OmniClient} from '../client/client.ts'
import type {Connection} from './connection.ts'

/** Services of our own server, local or remote. */
export function createNativeEngine(connection: Connection, traits: ServiceTraits): ServiceEngine {
  /** For acts on a service that must exist: nothing is started to find out that there is none. */
  const existing = async (name: string, options: CallOptions | undefined): Promise<OmniClient> => {
    throwIfAborted(options?.signal)
    if (connection.isEmpty() && (await connection.running()) === undefined) throw unknownService(name)
    return connection.started(options)
  }
  const started = async (options: CallOptions | undefined): Promise<OmniClient> => {
    throwIfAborted(options?.signal)
    return connection.started(options)
  }
  /** For questions: the client, or undefined when nothing can be there. UNAVAILABLE when something should be. */
  const reading = async (options: CallOptions | undefined): Promise<OmniClient | undefined> => {
    throwIfAborted(options?.signal)
    const client = await connection.running()
    if (client === undefined && !connection.isEmpty()) throw notRunning()
    return client
  }
  return {
    name: 'orca',
    traits,
    check: (options) => check(connection, options),
    wake: async (options) => {
      await started(options)
    },
    list: async (options) => select((await (await reading(options))?.list(options?.project, options)) ?? [], options),
    get: async (name, options) => (await reading(options))?.get(name, options),
    create: async (spec, options) => (await started(options)).deploy(spec, 'create', options),
    update: async (name, spec, options) => (await existing(name, options)).deploy({...spec, name}, 'update', options),
    async remove(name, options) {
      throwIfAborted(options?.signal)
      if (connection.isEmpty() && (await connection.running()) === undefined) return
      await (await connection.started(options)).remove(name, options?.purge ?? false, options)
    },
    start: async (name, options) => (await existing(name, options)).act(name, 'start', options),
    stop: async (name, options) => (await existing(name, options)).act(name, 'stop', options),
    restart: async (name, options) => (await existing(name, options)).act(name, 'restart', options),
    scale: async (name, replicas, options) => (await existing(name, options)).scale(name, replicas, options),
    ...facets({existing, started, reading}),
    canary: {
      promote: async (name, options) => (await existing(name, options)).canary.promote(name, options),
      abort: async (name, options) => (await existing(name, options)).canary.abort(name, options),
      decide: async (name, options) => (await existing(name, options)).canary.decide(name, options),
    },
  }
}

interface Ways {
  readonly existing: (name: string, options: CallOptions | undefined) => Promise<OmniClient>
  readonly started: (options: CallOptions | undefined) => Promise<OmniClient>
  readonly reading: (options: CallOptions | undefined) => Promise<OmniClient | undefined>
}

const facets = ({
  existing,
  started,
  reading,
}: Ways): Pick<ServiceEngine, 'logs' | 'exec' | 'releases' | 'artifacts' | 'events' | 'nodes'> => {
  const knowing = async (name: string, options: CallOptions | undefined): Promise<OmniClient> => {
    const client = await reading(options)
    if (client === undefined) throw unknownService(name)
    return client
  }
  return {
    logs: {
      async *read(name, options = {}) {
        for await (const lines of (await knowing(name, options)).logPieces(name, options)) yield* lines
      },
      async *pieces(name, options = {}) {
        yield* (await knowing(name, options)).logPieces(name, options)
      },
    },
    exec: {run: async (name, argv, options) => (await existing(name, options)).exec(name, argv, options)},
    releases: {
      list: async (name, options) => (await knowing(name, options)).releases(name, options),
      rollback: async (name, options) => (await existing(name, options)).rollback(name, options?.to, options),
    },
    artifacts: {
      has: async (digest, options) => (await started(options)).hasArtifact(digest, options),
      put: async (digest, content, options) => (await started(options)).putArtifact(digest, content, options),
    },
    events: {
      async *read(options) {
        yield* (await reading(options))?.events(options) ?? []
      },
    },
    nodes: {
      list: async (options) => (await reading(options))?.nodes(options) ?? [],
      drain: async (id, options) => (await started(options)).setNodeDraining(id, 'drain', options),
      undrain: async (id, options) => (await started(options)).setNodeDraining(id, 'undrain', options),
    },
  }
}

async function check(connection: Connection, options: CallOptions | undefined): Promise<Health> {
  const client = await connection.running()
  if (client === undefined && connection.isEmpty()) {
    return {ok: true, message: 'does not run yet; the first deploy starts it'}
  }
  if (client === undefined) {
    return {ok: false, message: 'the local engine does not run', hint: 'omni server start'}
  }
  const {version, health} = await client.version(options)
  return {ok: true, ...health, version}
}

/** Labels are compared here; the server knows projects only. */
const select = (services: readonly Service[], options: ListOptions | undefined): Service[] =>
  services.filter((service) =>
    Object.entries(options?.labels ?? {}).every(([key, value]) => service.spec.labels[key] === value),
  )

const unknownService = (name: string): OmniError =>
  new OmniError('NOT_FOUND', `service '${name}' not found`, {hint: 'omni get services'})

const notRunning = (): OmniError =>
  new OmniError('UNAVAILABLE', 'the local engine does not run', {hint: 'omni server start', retryable: true})
