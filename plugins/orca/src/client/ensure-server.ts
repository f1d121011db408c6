import {OmniError} from '@omni-cli/sdk'
import {parseListen} from './listen-address.ts'
import {readServerInfo} from './local-files.ts'
import {type StartOptions, startLocalServer} from './local-server.ts'
import {openLocalClient} from './server-status.ts'

export interface EnsuredServer {
  /** False when it ran already. */
  readonly started: boolean
  readonly pid: number
  readonly url: string
  readonly version: string
}

/** A server that answers, at the wanted address. CONFLICT when it runs at another one. */
export async function ensureServer(options: StartOptions): Promise<EnsuredServer> {
  const wanted = options.listen === undefined ? undefined : parseListen(options.listen)
  const started = await startLocalServer(options)
  const client = await openLocalClient(options.home)
  const [{pid, version}, info] = await Promise.all([client.version(), readServerInfo(options.home)])
  const url = info?.url ?? ''
  const port = Number(URL.canParse(url) ? new URL(url).port : Number.NaN)
  if (wanted !== undefined && wanted.port !== 0 && port !== wanted.port) {
    throw new OmniError('CONFLICT', `the server runs already, at ${url}`, {
      hint: `omni server stop && omni server start --listen ${options.listen}`,
    })
  }
  return {started, pid, url, version}
}
