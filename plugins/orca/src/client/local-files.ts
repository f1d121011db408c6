import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {type HttpTarget, OmniError} from '@omni-cli/sdk'
import {socketPath} from '../socket-path.ts'

/** Where the server of a user keeps what its clients need. */
export const localFiles = (home: string) => ({
  token: join(home, 'server.token'),
  info: join(home, 'run', 'server.json'),
  log: join(home, 'logs', 'server.log'),
  store: join(home, 'engine', 'store.db'),
})

/** True when a server of this home has ever kept something. */
export const hasStore = (home: string): boolean => existsSync(localFiles(home).store)

/** What a running server has written about itself. */
export interface ServerInfo {
  readonly pid: number
  /** TCP address of the API: `http://127.0.0.1:6880`. */
  readonly url: string
  readonly version: string
  /** RFC 3339. */
  readonly startedAt: string
}

/** Undefined when no server has written it, or something else is in the file. */
export function readServerInfo(home: string): ServerInfo | undefined {
  try {
    const info: unknown = JSON.parse(readFileSync(localFiles(home).info, 'utf8'))
    return isServerInfo(info) ? info : undefined
  } catch {
    return undefined
  }
}

const isServerInfo = (value: unknown): value is ServerInfo =>
  typeof value === 'object' &&
  value !== null &&
  ['url', 'version', 'startedAt'].every((key) => typeof Reflect.get(value, key) === 'string') &&
  typeof Reflect.get(value, 'pid') === 'number'

/** The socket of this home's server and the owner's token. UNAVAILABLE when there is no token yet. */
export function localTarget(home: string): HttpTarget {
  const file = localFiles(home).token
  try {
    return {url: `unix:${socketPath(home, 'server')}`, token: readFileSync(file, 'utf8').trim()}
  } catch (error) {
    throw new OmniError('UNAVAILABLE', `the token of the local engine cannot be read from '${file}'`, {
      hint: 'omni server start',
      cause: error,
    })
  }
}
