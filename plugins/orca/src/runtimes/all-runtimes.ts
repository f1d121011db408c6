import {formatDuration, type Health, OmniError, runtimeOf, type ServiceSpec, sleep} from '@omni-cli/sdk'
import type {InstanceStats, Runtime, RuntimeEvent, RuntimePart} from './runtime.ts'

export interface AllRuntimesOptions {
  readonly process: Runtime
  readonly docker: Runtime
  /** The spec of a service as it is declared now. */
  readonly specOf: (service: string) => ServiceSpec | undefined
  /** There have been containers before. */
  readonly hasContainers: boolean
  /** The first container is about to be made. */
  readonly onFirstContainer: () => void
}

/**
 * Processes and containers as one runtime. Docker is left alone until there is a container service or one is deployed: a
 * machine without it is none the worse. A part that does not answer hides nothing of the other; only `list` needs both.
 */
export function createAllRuntimes(options: AllRuntimesOptions): Runtime {
  const {process, docker, specOf} = options
  const listeners = new Set<(event: RuntimeEvent) => void>()
  const containers = createContainers(options, listeners)
  const inUse = () => (containers.areThere() ? [process, containers.wake()] : [process])
  const owner = (id: string) => (isContainerId(id) ? containers.wake() : process)
  const runner = (spec: ServiceSpec): Runtime => {
    if (isContainer(spec)) return containers.wake()
    if (isWasm(spec)) throw new OmniError('UNSUPPORTED', NO_WASM)
    return process
  }
  return {
    name: 'omni',
    sources: ['image', 'command', 'build'],
    parts: () => inUse().map((runtime) => partOf(runtime, runtime === docker)),
    check: async () => joinHealth(await process.check(), inUse().includes(docker) ? await inTime(docker) : undefined),
    async requireFor(spec) {
      if (isContainer(spec)) requireHealthy(await docker.check())
    },
    problems: (spec) => (isWasm(spec) ? [NO_WASM] : (isContainer(spec) ? docker : process).problems(spec)),
    warnings: (spec) => (isWasm(spec) ? [] : (isContainer(spec) ? docker : process).warnings(spec)),
    prepare: async (request, more) => runner(request.spec).prepare(request, more),
    prune: (service, keep) => allOf(inUse(), (runtime) => runtime.prune(service, keep)),
    create: async (request) => runner(request.spec).create(request),
    isAsAsked: async (id, request) => (await owner(id).isAsAsked?.(id, request)) ?? false,
    takeOver: async (id, request) => owner(id).takeOver?.(id, request),
    stop: (id, more) => owner(id).stop(id, more),
    remove: (id) => owner(id).remove(id),
    list: async () => (await Promise.all(inUse().map((runtime) => runtime.list()))).flat(),
    forgetEnded: (service) => allOf(inUse(), async (runtime) => runtime.forgetEnded?.(service)),
    purge: (service) => allOf(inUse(), (runtime) => runtime.purge(service)),
    logs: (service, more) => ownerOfLogs(specOf(service), {process, docker: containers.wake}).logs(service, more),
    logFiles: async (service, replica) =>
      (await ownerOfLogs(specOf(service), {process, docker: containers.wake}).logFiles?.(service, replica)) ?? [],
    lastLines: (id, count) => owner(id).lastLines(id, count),
    exec: (id, argv, more) => owner(id).exec(id, argv, more),
    open: (id, request) => owner(id).open(id, request),
    stats: () => joinStats(inUse()),
    subscribe(listener) {
      listeners.add(listener)
      const end = process.subscribe((event) => listener(named(event, process)))
      return () => {
        listeners.delete(listener)
        end()
      }
    },
    async close() {
      containers.deafen()
      await Promise.all([process.close(), docker.close()])
    },
  }
}

const NO_WASM = 'there is no WebAssembly runtime here'

const isContainer = (spec: ServiceSpec): boolean => runtimeOf(spec) === 'container'
const isWasm = (spec: ServiceSpec): boolean => runtimeOf(spec) === 'wasm'

/** Ids of processes begin with the name of their service and end in eight characters after a hyphen. */
const isContainerId = (id: string): boolean => /^[0-9a-f]{64}$/.test(id)

const partOf = (runtime: Runtime, isDocker: boolean): RuntimePart => ({
  runtime,
  runs: (spec) => isContainer(spec) === isDocker,
  owns: (id) => isContainerId(id) === isDocker,
})

/** The parts of a runtime; of one that has none, itself. */
export const partsOf = (runtime: Runtime): readonly RuntimePart[] =>
  runtime.parts?.() ?? [{runtime, runs: () => true, owns: () => true}]

/** Docker, listened to from its first use on. */
function createContainers(
  {docker, hasContainers, onFirstContainer}: AllRuntimesOptions,
  listeners: ReadonlySet<(event: RuntimeEvent) => void>,
) {
  let areThere = hasContainers
  let unsubscribe: (() => void) | undefined
  return {
    areThere: () => areThere,
    wake(): Runtime {
      if (!areThere) onFirstContainer()
      areThere = true
      unsubscribe ??= docker.subscribe((event) => {
        for (const listener of listeners) listener(named(event, docker))
      })
      return docker
    },
    deafen: () => unsubscribe?.(),
  }
}

const named = (event: RuntimeEvent, {name}: Runtime): RuntimeEvent =>
  event.type === 'resync' ? {...event, runtime: name} : event

const ANSWER_MS = 5_000

/** An Engine that is stuck must not keep the answer of the others away. */
async function inTime(docker: Runtime): Promise<Health> {
  const over = new AbortController()
  const late = sleep(ANSWER_MS, over.signal).then(() => ({
    ok: false,
    message: `the Docker Engine did not answer within ${formatDuration(ANSWER_MS)}`,
    hint: 'docker info',
  }))
  try {
    return await Promise.race([docker.check(), late])
  } finally {
    late.catch(() => undefined)
    over.abort()
  }
}

function requireHealthy({ok, message, hint}: Health): void {
  if (ok) return
  throw new OmniError('UNAVAILABLE', message ?? 'the Docker Engine does not answer', {
    hint: hint ?? 'start it (systemctl start docker), or set DOCKER_HOST',
  })
}

/** Containers that cannot be reached are a remark: the engine itself works. */
function joinHealth(own: Health, docker: Health | undefined): Health {
  if (!own.ok || docker === undefined || docker.ok) return own
  return {...own, message: docker.message, hint: docker.hint}
}

/** What can be done is done; rejects with the first error. */
async function allOf(runtimes: readonly Runtime[], work: (runtime: Runtime) => Promise<void>): Promise<void> {
  const outcomes = await Promise.allSettled(runtimes.map(work))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

async function joinStats(runtimes: readonly Runtime[]): Promise<ReadonlyMap<string, InstanceStats>> {
  const readings = await Promise.allSettled(runtimes.map((runtime) => runtime.stats()))
  return new Map(readings.flatMap((reading) => (reading.status === 'fulfilled' ? [...reading.value] : [])))
}

const ownerOfLogs = (
  spec: ServiceSpec | undefined,
  {process, docker}: {readonly process: Runtime; readonly docker: () => Runtime},
): Runtime => (spec !== undefined && isContainer(spec) ? docker() : process)
