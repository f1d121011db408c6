import {Agent, type AgentOptions} from 'node:http'
import {OmniError} from '@omni-cli/sdk'

/** The way to an Engine. */
export interface Transport {
  /** As in DOCKER_HOST. */
  readonly host: string
  /** The Engine runs on this machine, not inside of a virtual one. */
  readonly isLocal: boolean
  /** What `http.request` connects to. */
  readonly target: {readonly socketPath: string} | {readonly hostname: string; readonly port: number}
  readonly agent: Agent
}

export const DEFAULT_HOST = 'unix:///var/run/docker.sock'

const AGENT: AgentOptions = {keepAlive: true, maxSockets: 64, maxFreeSockets: 16, timeout: 0}

/** From DOCKER_HOST and its companions. CONFIG_INVALID for an address that is none. */
export function openTransport(env: Readonly<Record<string, string | undefined>>): Transport {
  const host = env.DOCKER_HOST || DEFAULT_HOST
  const unix = /^unix:\/\/(\/.+)$/.exec(host)?.[1]
  if (unix !== undefined) {
    return {host, isLocal: process.platform === 'linux', target: {socketPath: unix}, agent: new Agent(AGENT)}
  }
  const tcp = /^(?:tcp|http):\/\/(\[[0-9a-f:]+\]|[^:/]+):(\d+)\/?$/i.exec(host)
  if (tcp?.[1] !== undefined) {
    const hostname = tcp[1].replace(/^\[|\]$/g, '')
    return {host, isLocal: false, target: {hostname, port: Number(tcp[2])}, agent: new Agent(AGENT)}
  }
  throw new OmniError('CONFIG_INVALID', `DOCKER_HOST='${host}' is no address of a Docker Engine`, {
    hint: 'export DOCKER_HOST=unix:///var/run/docker.sock',
  })
}
