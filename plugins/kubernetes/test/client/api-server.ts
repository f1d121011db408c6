import {mkdtemp, rm} from 'node:fs/promises'
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {silentLogger} from '@omni-cli/sdk'
import {type ClientParts, createClient} from '../../src/client/create-client.ts'
import {openDiscoveryCache} from '../../src/client/discovery-cache.ts'
import {openGate} from '../../src/client/gate.ts'
import type {KubeClient} from '../../src/client/kube-client.ts'
import {createStreams} from '../../src/client/streams/create-streams.ts'
import {openTransport, type ServerAccess} from '../../src/client/transport.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

/** A server that answers as a test wants. */
export interface ApiServer extends AsyncDisposable {
  readonly url: string
  /** Every request line so far: `GET /version`. */
  readonly requests: string[]
}

export async function startApi(handler: Handler): Promise<ApiServer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    handler(request, response)
  })
  await listen(server)
  return {
    url: urlOf(server),
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const listen = (server: Server): Promise<void> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve()))

export function urlOf(server: Server): string {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen')
  return `http://127.0.0.1:${address.port}`
}

/** Answers with JSON. */
export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {'content-type': 'application/json', ...headers}).end(JSON.stringify(body))
}

/** A Status, as API servers refuse. */
export const refusal = (code: number, reason: string, message: string, details?: unknown) => ({
  ...{kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, reason, message},
  ...(details === undefined ? {} : {details}),
})

export interface TestClient extends AsyncDisposable {
  readonly client: KubeClient
  readonly home: string
}

/** A client with a home of its own. */
export async function openTestClient(
  url: string,
  {access, ...parts}: Partial<ClientParts> & {readonly access?: Partial<ServerAccess>; readonly home?: string} = {},
): Promise<TestClient> {
  const home = parts.home ?? (await mkdtemp(join(tmpdir(), 'omni-kube-client-')))
  const transport = openTransport({server: url, credentials: async () => ({headers: {}}), ...access}, silentLogger)
  const gate = openGate()
  const client = createClient({
    ...{context: 'lab', namespace: 'team', omeNamespace: 'ome', isProtected: false, transport},
    ...{gate, cache: openDiscoveryCache(home, url), streams: createStreams({transport, gate})},
    ...parts,
  })
  return {
    client,
    home,
    async [Symbol.asyncDispose]() {
      transport.close()
      await rm(home, {recursive: true, force: true, maxRetries: 3})
    },
  }
}

export const PODS = {
  ...{group: '', version: 'v1', kind: 'Pod', plural: 'pods', singular: 'pod', short: ['po']},
  ...{namespaced: true, verbs: ['get', 'list', 'watch']},
}

export const pod = (name: string, resourceVersion: string, extra: Record<string, unknown> = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {name, namespace: 'team', uid: `uid-${name}`, resourceVersion, ...extra},
})
