import {accessSync, constants} from 'node:fs'
import {join} from 'node:path'
import {type DriverContext, type Http, type HttpTls, OmniError, redact} from '@omni-cli/sdk'
import type {IncusSettings} from '../config.ts'

/** Where the server is and whose machines are meant. */
export interface ServerAddress {
  /** `unix:/path` or `https://host:8443`. */
  readonly url: string
  readonly project: string
  /** Called before the first request: our certificate and the server's. Absent: a socket, which needs none. */
  readonly identify?: ((http: Http) => Promise<HttpTls>) | undefined
  /** What to do when the server shows another certificate than the one that is known. */
  readonly repinHint?: string | undefined
}

const DEFAULT_FOLDER = '/var/lib/incus'

/** By the settings, then the environment, then the socket of this machine. CONFIG_INVALID for a remote that is not there. */
export async function findServer(context: DriverContext, settings: IncusSettings): Promise<ServerAddress> {
  const {env} = context
  const project = settings.project ?? textOf(env.INCUS_PROJECT)
  if (settings.url !== undefined && settings.remote !== undefined) {
    throw new OmniError('CONFIG_INVALID', "'incus.url' and 'incus.remote' exclude each other", {hint: EDIT})
  }
  if (settings.trust !== undefined && settings.url?.startsWith('https:') !== true) {
    throw new OmniError('CONFIG_INVALID', "'incus.trust' needs 'incus.url', an https:// address", {hint: EDIT})
  }
  const remoteName = settings.remote ?? (textOf(env.INCUS_SOCKET) === undefined ? textOf(env.INCUS_REMOTE) : undefined)
  if (settings.url === undefined && remoteName !== undefined) {
    const {readRemote, remoteCertificates} = await import('./remotes.ts')
    const remote = await readRemote(env, remoteName)
    const found = {project: project ?? remote.project ?? 'default'}
    if (/^(unix:|$)/.test(remote.url)) return {...found, url: socketUrl(remote.url, env)}
    return {
      ...found,
      url: withPort(remote.url),
      identify: () => remoteCertificates(remote, settings.fingerprint),
      repinHint: `incus remote remove ${remoteName}, then incus remote add ${remoteName} ${remote.url}`,
    }
  }
  const url = settings.url ?? 'unix:'
  if (!url.startsWith('https:')) return {url: socketUrl(url, env), project: project ?? 'default'}
  return {
    url: withPort(url),
    project: project ?? 'default',
    identify: async (http) => {
      const {identify} = await import('./identify.ts')
      return identify({context, settings, url: withPort(url), http})
    },
    repinHint: 'compare it with `incus info` on the server, then set incus.fingerprint: omni config edit',
  }
}

const EDIT = 'omni config edit'

/** Empty counts as not given. */
const textOf = (value: string | undefined): string | undefined => (value === '' ? undefined : value)

/** `unix:`, `unix:/path`, `unix:///path` and `unix://` with nothing, which is the socket of this machine. */
function socketUrl(url: string, env: DriverContext['env']): string {
  const path = url.replace(/^unix:(\/\/)?/, '')
  return `unix:${path === '' ? localSocket(env) : path}`
}

function localSocket(env: DriverContext['env']): string {
  const given = textOf(env.INCUS_SOCKET)
  if (given !== undefined) return given
  const folder = textOf(env.INCUS_DIR) ?? DEFAULT_FOLDER
  const socket = join(folder, 'unix.socket')
  const restricted = join(folder, 'unix.socket.user')
  return !mayOpen(socket) && mayOpen(restricted) ? restricted : socket
}

function mayOpen(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Incus listens at 8443, not at 443. CONFIG_INVALID for what names more than a server, or none. */
const withPort = (url: string): string => {
  const origin = url.replace(/\/+$/, '')
  if (!URL.canParse(origin) || !/^https:\/\/[^/?#@]+$/.test(origin)) {
    throw new OmniError('CONFIG_INVALID', `'${redact(url)}' is no address of a server, as https://host:8443 is`, {
      hint: EDIT,
    })
  }
  return /:\d+$/.test(origin) ? origin : `${origin}:8443`
}
