import type {Agent, AgentOptions, ClientRequest, RequestOptions} from 'node:http'
import {OmniError} from '../errors.ts'
import type {HttpTarget} from './http.ts'
import {pinnedAgent} from './pin.ts'
import {redact} from './redact.ts'

export interface Address {
  readonly isTls: boolean
  /** Where to connect, for `http.request`. */
  readonly options: RequestOptions
  /** Put before the path of each request. */
  readonly prefix: string
}

/** `http://host:port/prefix`, `https://…`, `unix:/path/to.sock`. CONFIG_INVALID otherwise. */
export function parseTarget(url: string): Address {
  if (url.startsWith('unix:')) {
    return {isTls: false, prefix: '', options: {socketPath: url.slice('unix:'.length), host: 'localhost'}}
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol)) {
    throw new OmniError('CONFIG_INVALID', `'${redact(url)}' is no http, https or unix address`)
  }
  const {username, password, port} = parsed
  return {
    isTls: parsed.protocol === 'https:',
    prefix: parsed.pathname.replace(/\/$/, ''),
    options: {
      host: parsed.hostname.replace(/^\[|\]$/g, ''),
      ...(port === '' ? {} : {port}),
      ...(username === '' ? {} : {auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}`}),
    },
  }
}

export type StartRequest = (options: RequestOptions) => ClientRequest

/** Opens requests over connections that are kept and do not keep the process alive. */
export async function openTransport(address: Address, tls: HttpTarget['tls']): Promise<StartRequest> {
  const agent = openAgent(address, tls)
  if (address.isTls) {
    const {request} = process.getBuiltinModule('node:https')
    return (options) => request({...options, agent})
  }
  const {request} = process.getBuiltinModule('node:http')
  return (options) => request({...options, agent, ...NO_SERVER_NAME})
}

/** Connections to the target, for a library that makes its requests itself: websockets. Destroy it in the end. */
export const agentFor = ({url, tls}: HttpTarget): Agent => openAgent(parseTarget(url), tls)

function openAgent(address: Address, tls: HttpTarget['tls']): Agent {
  const settings: AgentOptions = {
    keepAlive: true,
    keepAliveMsecs: 15_000,
    scheduling: 'lifo',
    // A proxy is for other machines, whatever NO_PROXY forgot.
    ...(isLocal(address.options.host ?? '') ? {} : {proxyEnv: process.env}),
  }
  if (!address.isTls) {
    // A dynamic import would read every export of node:http, and one of them loads a whole fetch client (30 ms).
    const {Agent: HttpAgent} = process.getBuiltinModule('node:http')
    return new HttpAgent(settings)
  }
  const {pin, ...certificates} = tls ?? {}
  if (pin !== undefined) return pinnedAgent({...settings, ...certificates}, pin)
  const {Agent: HttpsAgent} = process.getBuiltinModule('node:https')
  return new HttpsAgent({...settings, ...certificates})
}

/** Without TLS there is no use for it, and to work it out costs 5 ms the first time. */
const NO_SERVER_NAME = {servername: ''}

const isLocal = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)
