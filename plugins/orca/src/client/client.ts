import {
  type CallOptions,
  type EventOptions,
  type ExecOptions,
  type Health,
  type Http,
  type HttpAnswer,
  type HttpRequest,
  type HttpTarget,
  type LogLine,
  type LogOptions,
  type NodeInfo,
  OmniError,
  type OmniEvent,
  type Release,
  type Service,
  type ServiceSpec,
} from '@omni-cli/sdk'
import {canaryCalls} from './canary-client.ts'
import {failureOf, fromBody} from './failure.ts'
import {linesOf} from './lines.ts'
import {readLogPieces} from './local-logs.ts'
import {type Draining, setDraining} from './node.ts'
import * as requests from './requests.ts'
import * as wire from './wire.ts'

/** Acts that wait until a new version serves take as long as the service's own deadlines allow. */
const ACT_TIMEOUT_MS = 60 * 60_000
const UPLOAD_TIMEOUT_MS = 60 * 60_000

export interface ServerVersion {
  readonly version: string
  readonly pid: number
  readonly startedAt: string
  readonly health?: Health | undefined
}

/** Our own server's API. Every failure is an OmniError as the server gave it, or UNAVAILABLE. */
export type OmniClient = ReturnType<typeof createClient>

/** A client of the server at `target`; nothing is sent before the first call. */
export function createClient(http: Http, target: HttpTarget) {
  const send = async (request: HttpRequest, options: CallOptions = {}, timeoutMs?: number): Promise<HttpAnswer> => {
    const answer = await http.request(target, request, {signal: options.signal, timeoutMs})
    if (answer.status >= 400) throw failureOf(answer)
    return answer
  }
  const one = async (request: HttpRequest, options: CallOptions | undefined): Promise<Service> => {
    const {text} = await send(request, options, ACT_TIMEOUT_MS)
    return wire.readWire(wire.serviceWire(), wire.readJson(text, 'a service'), 'a service')
  }
  const lines = (request: HttpRequest, signal: AbortSignal | undefined) => openLines(http, target, request, signal)

  async function* logs(name: string, options: LogOptions): AsyncGenerator<LogLine> {
    for await (const line of lines(requests.logs(name, options), options.signal)) {
      yield wire.asLogLine(wire.readWire(wire.logLineWire(), wire.readJson(line, 'logs'), 'logs'))
    }
  }
  const logFiles = async (name: string, options: LogOptions) => {
    const {text} = await send(requests.logFiles(name, options.replica), options)
    return wire.readWire(wire.logFilesWire(), wire.readJson(text, 'log files'), 'log files').files
  }

  return {
    async version(options?: CallOptions): Promise<ServerVersion> {
      const {text} = await send(requests.version(), options)
      return wire.readWire(wire.versionWire(), wire.readJson(text, 'its version'), 'its version')
    },
    async list(project?: string | undefined, options?: CallOptions): Promise<Service[]> {
      const {text} = await send(requests.listServices(project), options)
      const {services} = wire.readWire(wire.serviceListWire(), wire.readJson(text, 'services'), 'services')
      return services
    },
    async get(name: string, options?: CallOptions): Promise<Service | undefined> {
      const answer = await http.request(target, requests.getService(name), {signal: options?.signal})
      if (answer.status === 404) return undefined
      if (answer.status >= 400) throw failureOf(answer)
      return wire.readWire(wire.serviceWire(), wire.readJson(answer.text, 'a service'), 'a service')
    },
    async deploy(spec: ServiceSpec, mode: requests.DeployMode, options: CallOptions = {}): Promise<Service> {
      return readDeploy(lines(requests.deployService(spec, mode), options.signal), options, spec.name)
    },
    act: (name: string, verb: 'start' | 'stop' | 'restart', options?: CallOptions) =>
      one(requests.act(name, verb), options),
    canary: canaryCalls({one, lines}),
    scale: (name: string, replicas: number, options?: CallOptions) => one(requests.scale(name, replicas), options),
    rollback: (name: string, to: string | undefined, options?: CallOptions) =>
      one(requests.rollback(name, to), options),
    async remove(name: string, purge: boolean, options?: CallOptions): Promise<void> {
      await send(requests.removeService(name, purge), options, ACT_TIMEOUT_MS)
    },
    async releases(name: string, options?: CallOptions): Promise<Release[]> {
      const {text} = await send(requests.releases(name), options)
      const {releases} = wire.readWire(wire.releaseListWire(), wire.readJson(text, 'releases'), 'releases')
      return releases.map(wire.asRelease)
    },
    logs,
    logPieces(name: string, options: LogOptions): AsyncIterable<readonly LogLine[]> {
      // A server that is reached through a socket sees the files that we see.
      const files = target.url.startsWith('unix:') ? () => logFiles(name, options) : undefined
      return readLogPieces({files, lines: () => logs(name, options)}, options)
    },
    async exec(name: string, argv: readonly string[], options: ExecOptions = {}) {
      const {runExec} = await import('./exec.ts')
      return runExec(target, {name, argv, options})
    },
    async *events(options: EventOptions = {}): AsyncGenerator<OmniEvent> {
      for await (const line of lines(requests.events(options), options.signal)) {
        yield wire.asEvent(wire.readWire(wire.eventWire(), wire.readJson(line, 'events'), 'events'))
      }
    },
    ...nodeCalls(send),
    async hasArtifact(digest: string, options?: CallOptions): Promise<boolean> {
      const answer = await http.request(target, requests.hasArtifact(digest), {signal: options?.signal})
      if (answer.status !== 404 && answer.status >= 400) throw failureOf(answer)
      return answer.status === 200
    },
    async putArtifact(digest: string, content: NodeJS.ReadableStream, options?: CallOptions): Promise<void> {
      await send(requests.putArtifact(digest, content), options, UPLOAD_TIMEOUT_MS)
    },
    async shutdown(workloads: 'keep' | 'stop', options?: CallOptions): Promise<void> {
      await send(requests.shutdown(workloads), options)
    },
  }
}

function nodeCalls(send: (request: HttpRequest, options?: CallOptions) => Promise<HttpAnswer>) {
  const nodes = async (options?: CallOptions): Promise<NodeInfo[]> =>
    readNodes(await send(requests.clusterInfo(), options))
  const setNodeDraining = (id: string, verb: Draining, options?: CallOptions): Promise<NodeInfo> =>
    setDraining(
      {id, verb},
      (request) => send(request, options),
      () => nodes(options),
    )
  return {nodes, setNodeDraining}
}

/** Nodes of any Orca-compatible server. */
export function readNodes({text}: HttpAnswer): NodeInfo[] {
  const {nodes} = wire.readWire(wire.clusterInfoWire(), wire.readJson(text, 'its nodes'), 'its nodes')
  return nodes.map((node) => ({
    id: node.node_id,
    address: node.address,
    labels: node.labels ?? {},
    draining: node.drain ?? false,
    lastSeen: node.last_heartbeat,
  }))
}

/** Lines of an answer as they come; an answer that is an error is thrown before the first one. */
export async function* openLines(
  http: Http,
  target: HttpTarget,
  request: HttpRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  const answer = await http.stream(target, request, {signal})
  if (answer.status >= 400) {
    const chunks: Buffer[] = []
    for await (const chunk of answer.body) chunks.push(chunk)
    throw failureOf({status: answer.status, text: Buffer.concat(chunks).toString('utf8')})
  }
  yield* linesOf(answer.body)
}

async function readDeploy(lines: AsyncIterable<string>, options: CallOptions, name: string): Promise<Service> {
  for await (const text of lines) {
    const line = wire.readWire(wire.deployLineWire(), wire.readJson(text, 'a deploy'), 'a deploy')
    if (line.type === 'error') throw fromBody(line.error)
    if (line.type === 'progress') {
      options.onProgress?.(line.service === name ? line.note : `${line.service}: ${line.note}`)
      continue
    }
    for (const warning of line.warnings) options.onProgress?.(`warning: ${warning}`)
    return line.service
  }
  throw new OmniError('UNAVAILABLE', `the server ended before it told how the deploy of '${name}' ended`, {
    hint: `omni status service ${name}`,
  })
}
