import {createHttp, type Logger, OmniError, silentLogger} from '@omni-cli/sdk'
import {createEdge} from '../edge/client.ts'
import {socketPath} from '../socket-path.ts'
import {createClient, type OmniClient} from './client.ts'
import {hasStore, localFiles, localTarget, readServerInfo} from './local-files.ts'
import {isListening} from './local-server.ts'

/** What `omni server status` knows. Everything below `running` is there only while the server runs. */
export interface ServerStatus {
  readonly running: boolean
  readonly pid?: number | undefined
  readonly url?: string | undefined
  readonly version?: string | undefined
  /** RFC 3339. */
  readonly startedAt?: string | undefined
  readonly uptimeMs?: number | undefined
  readonly services?: {readonly total: number; readonly running: number} | undefined
  /** Why the engine is not well, when it says so. */
  readonly problem?: string | undefined
  /** The proxy lives on without the server. */
  readonly edge: {readonly running: boolean; readonly pid?: number | undefined}
  /** True when services are kept that the next start brings back under control. */
  readonly hasServices: boolean
  readonly home: string
  readonly socket: string
  readonly log: string
}

/** The client of the local server, which must run. UNAVAILABLE when it does not. */
export async function openLocalClient(home: string, log: Logger = silentLogger): Promise<OmniClient> {
  if (!(await isListening(home))) {
    throw new OmniError('UNAVAILABLE', 'the local engine does not run', {hint: 'omni server start'})
  }
  return createClient(createHttp({log}), localTarget(home))
}

/** Asks the server and the proxy; starts neither. A server that accepts but does not answer is UNAVAILABLE. */
export async function readServerStatus(home: string, now: () => number = Date.now): Promise<ServerStatus> {
  const files = {home, socket: socketPath(home, 'server'), log: localFiles(home).log}
  const [isRunning, edge] = await Promise.all([isListening(home), readEdge(home)])
  if (!isRunning) return {running: false, edge, hasServices: hasStore(home), ...files}
  const client = await openLocalClient(home)
  const [version, services, info] = await Promise.all([client.version(), client.list(), readServerInfo(home)])
  return {
    running: true,
    pid: version.pid,
    url: info?.url,
    version: version.version,
    startedAt: version.startedAt,
    uptimeMs: Math.max(0, now() - Date.parse(version.startedAt)),
    services: {total: services.length, running: services.filter(({status}) => status === 'running').length},
    ...(version.health?.ok === false ? {problem: version.health.message ?? 'not well'} : {}),
    edge,
    hasServices: services.length > 0,
    ...files,
  }
}

async function readEdge(home: string): Promise<ServerStatus['edge']> {
  const edge = createEdge({home})
  try {
    const health = await edge.health()
    return health === undefined ? {running: false} : {running: true, pid: health.pid}
  } finally {
    edge.close()
  }
}
