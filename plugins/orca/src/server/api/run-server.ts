import {rm} from 'node:fs/promises'
import {dirname} from 'node:path'
import type {DatabaseSync} from 'node:sqlite'
import {ensurePrivateDir, type Logger, type ServiceSpec, writeFileAtomic} from '@omni-cli/sdk'
import type {ListenAddress} from '../../client/listen-address.ts'
import {localFiles, type ServerInfo} from '../../client/local-files.ts'
import {socketPath} from '../../socket-path.ts'
import type {Control} from '../control.ts'
import {createNodeBook} from '../nodes/node-book.ts'
import {withNodes} from '../nodes/with-nodes.ts'
import {createServerSecrets} from '../secrets/server-secrets.ts'
import {createAuditStore} from '../store/audit.ts'
import {createTokenStore} from '../store/tokens.ts'
import {createWebhookStore} from '../store/webhooks.ts'
import {adminToken} from './admin-token.ts'
import type {ExtraToken} from './auth.ts'
import {listen} from './listen.ts'
import {createTokenWatch} from './token-watch.ts'

/** The orchestrator with what only the server process may do with it. */
export interface OpenControl {
  readonly control: Control
  readonly database: DatabaseSync
  /** Accepted beside the owner's token and those in the store. */
  readonly extraTokens?: readonly ExtraToken[] | undefined
  /** Deploys under way go back to the old version. Services and proxy run on, or end until the next start. */
  readonly close: (workloads: 'keep' | 'stop') => Promise<void>
}

export interface ServerOptions {
  readonly home: string
  readonly address: ListenAddress
  readonly version: string
  readonly log: Logger
  /** Labels of this machine, for placement. */
  readonly nodeLabels?: Readonly<Record<string, string>> | undefined
  /** LOCKED when another server has this home. Called first, so that one server at most goes on. */
  readonly openControl: () => Promise<OpenControl>
}

export interface RunningServer {
  readonly url: string
  /** Resolves when the server has ended, by `stop` or by a request. */
  readonly ended: Promise<void>
  /** Takes nothing new, lets requests under way end, leaves the services running unless told otherwise. Safe to repeat. */
  stop(workloads: 'keep' | 'stop'): Promise<void>
}

/** How long requests under way may take after the end was asked for. */
const GRACE_MS = 8_000

/** Resolves when the socket accepts. */
export async function runServer(options: ServerOptions): Promise<RunningServer> {
  const {home, log, version} = options
  await ensurePrivateDir(home)
  // The web framework is loaded while the orchestrator takes over what runs.
  const [opened, {createApi}] = await Promise.all([options.openControl(), import('./app.ts')])
  const startedAt = new Date().toISOString()
  const closing = new AbortController()
  const ended = Promise.withResolvers<void>()
  let stopping: Promise<void> | undefined
  let port: number | undefined
  const app = createApi({
    ...apiParts(opened, options),
    adminToken: await adminToken(home),
    version,
    startedAt,
    port: () => port,
    log,
    closing: closing.signal,
    shutdown: (workloads) => void stop(workloads),
  })
  await app.ready()
  const listeners = await listen({
    handler: app.routing,
    address: options.address,
    socketPath: socketPath(home, 'server'),
    beforeReady: async (url) => {
      port = Number(new URL(url).port)
      await writeInfo(home, {pid: process.pid, url, version, startedAt})
    },
  })

  const end = async (workloads: 'keep' | 'stop'): Promise<void> => {
    log.debug('stopping', {workloads})
    closing.abort()
    await listeners.close(GRACE_MS)
    await opened.close(workloads)
    await app.close()
    await rm(localFiles(home).info, {force: true})
    log.debug('stopped')
  }
  const stop = (workloads: 'keep' | 'stop'): Promise<void> => {
    stopping ??= end(workloads)
    stopping.then(ended.resolve, ended.reject)
    return stopping
  }
  log.debug('listening', {url: listeners.url, version, pid: process.pid})
  return {url: listeners.url, ended: ended.promise, stop}
}

function apiParts({control, database, extraTokens}: OpenControl, {home, nodeLabels}: ServerOptions) {
  const tokens = createTokenStore(database)
  const secrets = createServerSecrets({database, home})
  const environment = ({env, project}: ServiceSpec) => secrets.store.resolve(env, project)
  const nodes = createNodeBook(database, {labels: nodeLabels, environment})
  return {
    control: withNodes(control, nodes),
    nodes,
    secrets,
    extraTokens: extraTokens ?? [],
    tokens,
    tokenWatch: createTokenWatch(tokens),
    webhooks: createWebhookStore(database),
    audit: createAuditStore(database),
  }
}

async function writeInfo(home: string, info: ServerInfo): Promise<void> {
  const path = localFiles(home).info
  await ensurePrivateDir(dirname(path))
  await writeFileAtomic(path, `${JSON.stringify(info)}\n`)
}
