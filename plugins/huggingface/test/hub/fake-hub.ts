import {createHash} from 'node:crypto'
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {answerHub} from './api.ts'
import {type Content, hashOf} from './content.ts'
import {serveBytes} from './serve-bytes.ts'
import {type FakeFile, type FakeHub, type FakeRepo, type FakeSource, type State, TOKEN} from './types.ts'

/** A hub and the host of its large files, on two ports. Use it with `await using`. */
export async function startFakeHub(): Promise<FakeHub> {
  const servers: Server[] = []
  const hub: FakeHub = {
    url: '',
    cdn: '',
    repos: new Map(),
    requests: [],
    token: TOKEN,
    fault: () => undefined,
    before: () => false,
    limit: undefined,
    linkUses: Number.POSITIVE_INFINITY,
    bytesSent: 0,
    add(id, files, more = {}) {
      const entries = Object.entries(files).map(([path, source]) => [path, fileOf(source)] as const)
      const commit = createHash('sha1')
        .update(JSON.stringify([id, ...entries.map(([path, {hash}]) => [path, hash])]))
        .digest('hex')
      const repo: FakeRepo = {id, files: new Map(entries), commit, ...more}
      hub.repos.set(id.toLowerCase(), repo)
      return repo
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) server.closeAllConnections()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
  const state = {calls: 0, links: new Map<string, number>()}
  const url = await listen(servers, (request, response) => answerHub(hub, state, request, response))
  const cdn = await listen(servers, (request, response) => answerCdn(hub, state, request, response))
  return Object.assign(hub, {url, cdn})
}

function fileOf(source: FakeSource): FakeFile {
  if (typeof source === 'object' && 'pieces' in source) {
    return {content: source, isLarge: true, hash: hashOf(source, 'sha256')}
  }
  const content: Content =
    typeof source === 'string'
      ? {size: Buffer.byteLength(source), pieces: (a, b) => [Buffer.from(source).subarray(a, b + 1)]}
      : source.small
  return {content, isLarge: false, hash: hashOf(content, 'sha1', `blob ${content.size}\0`)}
}

async function listen(
  servers: Server[],
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer({keepAlive: true}, handle)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function answerCdn(hub: FakeHub, state: State, request: IncomingMessage, response: ServerResponse): void {
  const {authorization} = request.headers
  hub.requests.push({line: `${request.method} ${request.url}`, host: 'cdn', authorization})
  const uses = state.links.get(request.url ?? '')
  if (authorization !== undefined || uses === undefined || uses >= hub.linkUses) {
    response.writeHead(403).end('<Error>AccessDenied</Error>')
    return
  }
  state.links.set(request.url ?? '', uses + 1)
  const [owner = '', name = '', ...path] = new URL(request.url ?? '', hub.cdn).pathname
    .slice(1)
    .split('/')
    .map(decodeURIComponent)
  const repo = hub.repos.get(`${owner}/${name}`.toLowerCase())
  const file = repo?.files.get(path.join('/'))
  if (repo === undefined || file === undefined) response.writeHead(404).end()
  else serveBytes(hub, state, {repo, path: path.join('/'), file, headers: {etag: '"cdn-1"'}, request, response})
}
