import {Agent, type AgentOptions} from 'node:http'
import {isIP} from 'node:net'
import {OmniError} from '@omni-cli/sdk'
import {contextOf, type Endpoint} from './contexts.ts'
import {parseSshHost, sshAgent} from './ssh.ts'
import {loadTls, type TlsFiles, tlsAgent} from './tls.ts'

/** The way to an Engine. */
export interface Transport {
  /** As in DOCKER_HOST. */
  readonly host: string
  /** The Engine runs on this machine, not inside of a virtual one. */
  readonly isLocal: boolean
  /** What `http.request` connects to. */
  readonly target: Target
  /** For short calls; connections are kept. */
  readonly agent: Agent
  /** For answers that take long (events, logs, terminals): each has a connection of its own. */
  readonly streamAgent: Agent
}

export type Target =
  | {readonly socketPath: string}
  | {
      readonly hostname: string
      readonly port: number
      readonly protocol: 'http:' | 'https:'
      readonly servername?: string
    }

type Env = Readonly<Record<string, string | undefined>>

export const DEFAULT_HOST = 'unix:///var/run/docker.sock'

const KEPT: AgentOptions = {keepAlive: true, maxSockets: 64, maxFreeSockets: 16, timeout: 0}
/** Each connection is a program and a login. */
const KEPT_SSH: AgentOptions = {keepAlive: true, maxSockets: 4, maxFreeSockets: 4, timeout: 0}
const SINGLE: AgentOptions = {keepAlive: false, timeout: 0}
const TLS_PORT = 2376
const PLAIN_PORT = 2375

/**
 * From DOCKER_HOST and its companions, else from the context of Docker's own command line, else the usual socket.
 * CONFIG_INVALID for an address that is none, and for certificates that cannot be read.
 */
export function openTransport(env: Env): Transport {
  const {host, tls} = endpointOf(env)
  const unix = /^unix:\/\/(\/.+)$/.exec(host)?.[1]
  if (unix !== undefined) {
    const isLocal = process.platform === 'linux'
    return {host, isLocal, target: {socketPath: unix}, agent: new Agent(KEPT), streamAgent: new Agent(SINGLE)}
  }
  if (host.startsWith('ssh://')) return openSsh(host, env)
  const tcp = /^(tcp|http|https):\/\/(\[[0-9a-f:.]+\]|[^:/@?#\s]+)(?::(\d{1,5}))?\/?$/i.exec(host)
  if (tcp?.[2] === undefined) throw noAddress(host)
  const files = tcp[1]?.toLowerCase() === 'https' ? (tls ?? {}) : tls
  const port = Number(tcp[3] ?? (files === undefined ? PLAIN_PORT : TLS_PORT))
  if (port < 1 || port > 65_535) throw noAddress(host)
  return openTcp(host, {hostname: tcp[2].replace(/^\[|\]$/g, ''), port}, files)
}

function endpointOf(env: Env): Endpoint {
  if (!env.DOCKER_HOST) return contextOf(env) ?? {host: DEFAULT_HOST}
  const isVerified = (env.DOCKER_TLS_VERIFY ?? '') !== ''
  const isTls = isVerified || (env.DOCKER_TLS ?? '') !== ''
  if (!isTls) return {host: env.DOCKER_HOST}
  const folder = env.DOCKER_CERT_PATH || `${env.DOCKER_CONFIG || `${env.HOME ?? ''}/.docker`}`
  return {host: env.DOCKER_HOST, tls: {folder, isUnverified: !isVerified}}
}

function openTcp(
  host: string,
  {hostname, port}: {readonly hostname: string; readonly port: number},
  files: TlsFiles | undefined,
): Transport {
  if (files === undefined) {
    const target = {hostname, port, protocol: 'http:'} as const
    return {host, isLocal: false, target, agent: new Agent(KEPT), streamAgent: new Agent(SINGLE)}
  }
  const tls = loadTls(files)
  const target = {hostname, port, protocol: 'https:', servername: isIP(hostname) === 0 ? hostname : ''} as const
  const agents = {agent: tlsAgent({...KEPT, ...tls}), streamAgent: tlsAgent({...SINGLE, ...tls})}
  return {host, isLocal: false, target, ...agents}
}

function openSsh(host: string, env: Env): Transport {
  const target = parseSshHost(host)
  if (target === undefined) throw noAddress(host)
  return {
    host,
    isLocal: false,
    target: {hostname: target.hostname, port: target.port ?? 22, protocol: 'http:'},
    agent: sshAgent(target, env, KEPT_SSH),
    streamAgent: sshAgent(target, env, SINGLE),
  }
}

const noAddress = (host: string): OmniError =>
  new OmniError('CONFIG_INVALID', `DOCKER_HOST='${host}' is no address of a Docker Engine`, {
    hint: 'export DOCKER_HOST=unix:///var/run/docker.sock',
  })
