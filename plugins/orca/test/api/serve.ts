import {mkdtempSync, rmSync} from 'node:fs'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {silentLogger} from '@omni-cli/sdk'
import {createApi} from '../../src/server/api/app.ts'
import {createTokenWatch} from '../../src/server/api/token-watch.ts'
import type {Actor} from '../../src/server/control.ts'
import {createNodeBook} from '../../src/server/nodes/node-book.ts'
import {withNodes} from '../../src/server/nodes/with-nodes.ts'
import {createServerSecrets} from '../../src/server/secrets/server-secrets.ts'
import {createAuditStore} from '../../src/server/store/audit.ts'
import {createTokenStore, tokenDigest} from '../../src/server/store/tokens.ts'
import {createWebhookStore} from '../../src/server/store/webhooks.ts'
import {FakeControl} from './fake-control.ts'

export const ADMIN = 'owner-token'
/** A token of the cluster's file. */
export const GRAFANA = 'grafana-token'

/** The API over a fake orchestrator, on a real port. */
export async function serveApi() {
  const control = new FakeControl()
  const database = new DatabaseSync(':memory:')
  const tokens = createTokenStore(database)
  const webhooks = createWebhookStore(database)
  const audit = createAuditStore(database)
  const nodes = createNodeBook(database, {name: 'orca-master'})
  const home = mkdtempSync(join(tmpdir(), 'omni-api-'))
  const secrets = createServerSecrets({database, home})
  const closing = new AbortController()
  const shutdowns: string[] = []
  const app = createApi({
    control: withNodes(control, nodes),
    nodes,
    tokens,
    tokenWatch: createTokenWatch(tokens),
    webhooks,
    audit,
    extraTokens: [{name: 'grafana', role: 'viewer', digest: tokenDigest(GRAFANA)}],
    secrets,
    adminToken: ADMIN,
    version: '1.2.3',
    startedAt: '2026-01-01T00:00:00Z',
    port: () => 6880,
    log: silentLogger,
    closing: closing.signal,
    shutdown: (workloads) => shutdowns.push(workloads),
  })
  await app.ready()
  const server = createServer(app.routing)
  let received = 0
  server.on('request', () => received++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const {port} = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const tokenOf = (role: Actor['role']) => tokens.create({name: `a-${role}`, role}).token

  const call = caller(url)
  const close = async () => {
    closing.abort()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await app.close()
    rmSync(home, {recursive: true})
  }
  return {
    app,
    control,
    tokens,
    webhooks,
    audit,
    nodes,
    secrets,
    closing,
    shutdowns,
    received: () => received,
    url,
    port,
    tokenOf,
    call,
    close,
  }
}

/** Sends one request; as the owner unless told otherwise. */
const caller =
  (url: string) =>
  async (method: string, path: string, options: CallOptions = {}) => {
    const {token = ADMIN, body, headers = {}} = options
    const json = body === undefined || typeof body === 'string' || body instanceof Buffer ? undefined : body
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token === '' ? {} : {authorization: `Bearer ${token}`}),
        ...(body === undefined ? {} : {'content-type': 'application/json'}),
        ...headers,
      },
      ...(body === undefined ? {} : {body: json === undefined ? (body as string) : JSON.stringify(json)}),
    })
    const text = await answer.text()
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      get json() {
        return JSON.parse(text)
      },
    }
  }

interface CallOptions {
  readonly token?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}
