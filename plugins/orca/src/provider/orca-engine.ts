import {
  type CallOptions,
  type CanaryFacet,
  type Http,
  type HttpRequest,
  type HttpTarget,
  type ListOptions,
  type LogLine,
  type LogOptions,
  type NodeFacet,
  OmniError,
  poll,
  type ReleaseFacet,
  type Service,
  type ServiceEngine,
  type ServiceSpec,
  throwIfAborted,
} from '@omni-cli/sdk'
import {openLines, readNodes} from '../client/client.ts'
import {failureOf} from '../client/failure.ts'
import {type Draining, setDraining} from '../client/node.ts'
import * as requests from '../client/requests.ts'
import {orcaDeployWire, orcaStatusWire, readJson, readWire} from '../client/wire.ts'
import {fromOrcaStatus, toOrcaConfig} from './map.ts'

/** One call pulls images and waits for each replica in turn. */
const ACT_TIMEOUT_MS = 30 * 60_000
/** After its answer: a 200 only says that the deploy was taken up. */
const SETTLE_TIMEOUT_MS = 5 * 60_000

/** Somebody else's Orca server, through the routes that all its versions have. */
export function createOrcaLevelEngine(http: Http, target: HttpTarget): ServiceEngine {
  const calls = createCalls(http, target)
  const {list, get, deploy, send, settled} = calls
  const known = async (name: string, options: CallOptions | undefined): Promise<Service> => {
    const found = await get(name, options)
    if (found === undefined)
      throw new OmniError('NOT_FOUND', `service '${name}' not found`, {hint: 'omni get services'})
    return found
  }
  const scaleTo = async (name: string, replicas: number, options: CallOptions | undefined): Promise<Service> => {
    await send(requests.scale(name, replicas), options)
    return settled(name, (service) => service.runningReplicas === replicas, options)
  }
  return {
    name: 'orca',
    traits: {sources: ['image', 'build'], labels: false},
    check: async (options) => {
      const {cluster} = await calls.status(undefined, options)
      return {ok: true, message: `Orca cluster '${cluster}'`}
    },
    list: (options) => list(options),
    get,
    async create(spec, options) {
      if ((await get(spec.name, options)) !== undefined) {
        throw new OmniError('CONFLICT', `service '${spec.name}' exists already`)
      }
      return deploy(spec, options)
    },
    async update(name, spec, options) {
      await known(name, options)
      return deploy({...spec, name}, options)
    },
    async remove(name, options) {
      if ((await get(name, options)) !== undefined) await send(requests.orcaStop(name), options)
    },
    start: (name, options) => calls.recent(name, 'start', options),
    restart: (name, options) => calls.recent(name, 'redeploy', options),
    // Orca's own stop forgets the service; without replicas it is known and does not run.
    stop: (name, options) => scaleTo(name, 0, options),
    scale: scaleTo,
    logs: {read: (name, options) => readLogs(http, target, name, options)},
    releases: createReleases(calls),
    canary: createCanary(calls),
    nodes: createNodes(calls),
  }
}

type Calls = ReturnType<typeof createCalls>

function createNodes({send}: Calls): NodeFacet {
  const list = async (options?: CallOptions) => readNodes(await send(requests.clusterInfo(), options))
  const change = (verb: Draining) => (id: string, options?: CallOptions) =>
    setDraining(
      {id, verb},
      (request) => send(request, options),
      () => list(options),
    )
  return {list, drain: change('drain'), undrain: change('undrain')}
}

/** Orca goes back one step; it tells nobody which steps there are. */
const createReleases = ({send, allRunning}: Calls): ReleaseFacet => ({
  list: async () => [],
  async rollback(name, options) {
    if (options?.to !== undefined) {
      throw new OmniError('UNSUPPORTED', 'Orca goes back to the version before, and to no other', {
        hint: `omni rollback ${name}`,
      })
    }
    await send(requests.orcaAct(name, 'rollback'), options)
    return allRunning(name, options)
  },
})

const createCanary = ({send, allRunning}: Calls): CanaryFacet => ({
  async promote(name, options) {
    await send(requests.orcaAct(name, 'promote'), options)
    return allRunning(name, options)
  },
  async abort(name) {
    throw new OmniError('UNSUPPORTED', 'Orca cannot end a canary alone; a rollback makes all replicas anew', {
      hint: `omni rollback ${name}`,
    })
  },
  async decide(name) {
    throw new OmniError('UNSUPPORTED', 'Orca does not measure its canaries', {hint: `omni promote ${name}`})
  },
})

function createCalls(http: Http, target: HttpTarget) {
  const send = async (request: HttpRequest, options: CallOptions | undefined) => {
    throwIfAborted(options?.signal)
    const answer = await http.request(target, request, {signal: options?.signal, timeoutMs: ACT_TIMEOUT_MS})
    if (answer.status >= 400) throw failureOf(answer)
    return answer
  }
  const status = async (project: string | undefined, options: CallOptions | undefined) => {
    const {text} = await send(requests.orcaStatus(project), options)
    const {cluster_name, services} = readWire(orcaStatusWire(), readJson(text, 'its status'), 'its status')
    return {cluster: cluster_name, services: services.map(fromOrcaStatus)}
  }
  const list = async (options?: ListOptions) => (await status(options?.project, options)).services
  const get = async (name: string, options?: CallOptions) =>
    (await list(options)).find((service) => service.name === name)
  /** Waits until the service is as promised; TIMEOUT says how it was left. */
  const settled = (name: string, isSo: (service: Service) => boolean, options: CallOptions | undefined) =>
    poll({everyMs: 1_000, timeoutMs: SETTLE_TIMEOUT_MS, signal: options?.signal}, async () => {
      const service = await get(name, options)
      return service !== undefined && isSo(service) ? service : undefined
    })
  const allRun = (service: Service) => service.runningReplicas >= service.desiredReplicas
  const allRunning = (name: string, options: CallOptions | undefined) => settled(name, allRun, options)
  const deploy = async (spec: ServiceSpec, options: CallOptions | undefined): Promise<Service> => {
    refuseForeign(spec)
    throwIfAborted(options?.signal)
    const request = requests.orcaDeploy([toOrcaConfig(spec)])
    const failedBefore = (await get(spec.name, options))?.lastFailure?.at
    const answer = await http.request(target, request, {signal: options?.signal, timeoutMs: ACT_TIMEOUT_MS})
    const outcome = orcaDeployWire().safeParse(
      answer.status < 400 || answer.status === 500 ? parsed(answer.text) : undefined,
    )
    if (!outcome.success) throw failureOf(answer)
    const [error] = outcome.data.errors
    if (error !== undefined) throw new OmniError('DEPLOY_FAILED', error, {details: {errors: outcome.data.errors}})
    options?.onProgress?.('accepted, waiting until it runs')
    return settled(spec.name, (service) => refuseFailed(service, failedBefore) || allRun(service), options)
  }
  /** Routes that came later than the first version. */
  const recent = async (name: string, verb: 'start' | 'redeploy', options: CallOptions | undefined) => {
    const answer = await http.request(target, requests.orcaAct(name, verb), {
      signal: options?.signal,
      timeoutMs: ACT_TIMEOUT_MS,
    })
    if ([403, 404, 405].includes(answer.status) && answer.text === '') {
      throw new OmniError('UNSUPPORTED', `this version of Orca has no '${verb}'`, {hint: `omni scale ${name} 1`})
    }
    if (answer.status >= 400) throw failureOf(answer)
    return settled(name, allRun, options)
  }
  return {send, status, list, get, settled, allRunning, deploy, recent}
}

/** Orca calls a service deployed whose replicas cannot start; its later versions tell why they did not. */
function refuseFailed({name, lastFailure}: Service, failedBefore: string | undefined): false {
  if (lastFailure === undefined || lastFailure.at === failedBefore) return false
  throw new OmniError('DEPLOY_FAILED', `'${name}' did not become ready: ${lastFailure.message}`, {
    hint: `omni logs ${name}`,
    details: lastFailure,
  })
}

function refuseForeign(spec: ServiceSpec): void {
  if (spec.command === undefined && spec.artifact === undefined) return
  throw new OmniError('UNSUPPORTED', `service '${spec.name}': an Orca server runs images, no commands or folders`, {
    hint: 'give it an image, or use the embedded engine (omni context use)',
  })
}

/** Orca's lines have no time: the moment they arrive stands for it. */
async function* readLogs(
  http: Http,
  target: HttpTarget,
  name: string,
  options: LogOptions = {},
): AsyncGenerator<LogLine> {
  for await (const text of openLines(http, target, requests.orcaLogs(name, options), options.signal)) {
    yield {time: new Date().toISOString(), stream: 'stdout', replica: `${name}-0`, text}
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
