import {accessSync, constants} from 'node:fs'
import {join} from 'node:path'
import type {DriverContext, HttpTarget} from '@omni-cli/sdk'
import type {IncusSettings} from '../config.ts'

/** Where the server is and whose machines are meant. */
export interface ServerAddress {
  /** `unix:/path` or `https://host:8443`. */
  readonly url: string
  readonly project: string
  /** The certificates, read when the first request is made. Absent: a socket, which needs none. */
  readonly tls?: (() => Promise<NonNullable<HttpTarget['tls']>>) | undefined
}

const DEFAULT_FOLDER = '/var/lib/incus'

/** By the settings, then the environment, then the socket of this machine. */
export async function findServer({env}: DriverContext, settings: IncusSettings): Promise<ServerAddress> {
  const project = settings.project ?? env.INCUS_PROJECT ?? 'default'
  return {url: settings.url ?? `unix:${localSocket(env)}`, project}
}

function localSocket(env: DriverContext['env']): string {
  if (env.INCUS_SOCKET !== undefined && env.INCUS_SOCKET !== '') return env.INCUS_SOCKET
  const folder = env.INCUS_DIR ?? DEFAULT_FOLDER
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
