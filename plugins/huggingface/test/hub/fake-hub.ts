import {createHash} from 'node:crypto'
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import type {AddressInfo, Socket} from 'node:net'
import {type Content, hashOf} from './content.ts'

/** A repository of the fake hub. */
export interface FakeRepo {
  readonly id: string
  readonly files: Map<string, FakeFile>
  /** Kept as large files, and served by the other host. */
  private?: boolean
  gated?: false | 'auto' | 'manual'
  commit: string
  /** More of what the API tells. */
  info?: Readonly<Record<string, unknown>>
  renamedTo?: string
}

export interface FakeFile {
  readonly content: Content
  readonly isLarge: boolean
  readonly hash: string
}

/** One request for bytes. */
export interface RangeCall {
  readonly repo: string
  readonly path: string
  readonly first: number
  readonly last: number
  /** Counted from 1 over all requests for bytes. */
  readonly count: number
}

/** What goes wrong with one request for bytes; all may be left out. */
export interface Fault {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** The connection is cut after so many bytes of the body. */
  readonly cutAfter?: number
  /** This byte of the file, when it is in the range, arrives with a bit flipped. */
  readonly flip?: number
  readonly contentRange?: string
  readonly etag?: string
}

export interface FakeHub extends AsyncDisposable {
  readonly url: string
  /** Where large files are: another host, as far as a browser is concerned. */
  readonly cdn: string
  readonly repos: Map<string, FakeRepo>
  /** `GET /api/…`, with what came along. */
  readonly requests: {
    readonly line: string
    readonly host: 'hub' | 'cdn'
    readonly authorization?: string | undefined
  }[]
  readonly token: string
  /** Asked at each request for bytes. */
  fault: (call: RangeCall) => Fault | undefined
  /** Asked before everything else; true when it has answered. */
  before: (request: IncomingMessage, response: ServerResponse) => boolean
  /** Bytes a second for each connection. */
  limit: number | undefined
  /** Links to the other host are valid for so many requests. */
  linkUses: number
  bytesSent: number
  add(id: string, files: Readonly<Record<string, FakeSource>>, more?: Partial<FakeRepo>): FakeRepo
}

export type FakeSource = string | Content | {readonly small: Content}

export const TOKEN = 'hf_test_0123456789abcdef'

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

interface State {
  calls: number
  readonly links: Map<string, number>
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

function answerHub(hub: FakeHub, state: State, request: IncomingMessage, response: ServerResponse): void {
  const {authorization} = request.headers
  hub.requests.push({line: `${request.method} ${request.url}`, host: 'hub', authorization})
  if (hub.before(request, response)) return
  const url = new URL(request.url ?? '', hub.url)
  const parts = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent)
  if (authorization !== undefined && authorization !== `Bearer ${hub.token}`)
    return refuse(response, 401, '', 'Invalid credentials')
  const isKnown = authorization !== undefined
  if (parts[0] === 'api' && parts.length === 2) return search(hub, url, response)
  const at = parts[0] === 'api' ? 2 : 0
  const id = parts.slice(at, at + 2).join('/')
  const rest = parts.slice(at + 2)
  const repo = hub.repos.get(id.toLowerCase())
  if (repo === undefined || (repo.private === true && !isKnown)) {
    return refuse(response, isKnown ? 404 : 401, 'RepoNotFound', 'Repository not found')
  }
  if (repo.renamedTo !== undefined) {
    response.writeHead(307, {location: `${url.pathname.replace(id, repo.renamedTo)}${url.search}`}).end()
    return undefined
  }
  if (at === 2 && rest[0] === 'tree') return tree(repo, url, response)
  if (at === 2) {
    const revision = rest[0] === 'revision' ? rest[1] : 'main'
    const isFound = revision === 'main' || revision === repo.commit
    return isFound ? json(response, infoOf(repo)) : refuse(response, 404, 'RevisionNotFound', 'Invalid rev id')
  }
  if (rest[0] !== 'resolve') return refuse(response, 404, '', 'no such page')
  return resolveFile(hub, state, {repo, isKnown, path: rest.slice(2).join('/')}, request, response)
}

const infoOf = (repo: FakeRepo) => ({
  id: repo.id,
  sha: repo.commit,
  private: repo.private ?? false,
  gated: repo.gated ?? false,
  downloads: 10,
  likes: 1,
  lastModified: '2026-01-31T08:00:00.000Z',
  tags: [],
  ...repo.info,
})

function search(hub: FakeHub, url: URL, response: ServerResponse): void {
  const words = url.searchParams
  const limit = Number(words.get('limit') ?? 20)
  const from = Number(words.get('cursor') ?? 0)
  const fits = [...hub.repos.values()]
    .filter(({id}) => id.toLowerCase().includes((words.get('search') ?? '').toLowerCase()))
    .filter(({id}) => words.get('author') === null || id.startsWith(`${words.get('author')}/`))
    .map(infoOf)
    .sort((a, b) => b.downloads - a.downloads)
  words.set('cursor', String(from + limit))
  const isMore = fits.length > from + limit
  json(response, fits.slice(from, from + limit), isMore ? {link: `<${hub.url}/api/models?${words}>; rel="next"`} : {})
}

const TREE_PAGE = 1000

function tree(repo: FakeRepo, url: URL, response: ServerResponse): void {
  const from = Number(url.searchParams.get('cursor') ?? 0)
  const all = [...repo.files].map(([path, {content, isLarge, hash}]) => ({
    ...{type: 'file', path, size: content.size, oid: isLarge ? '0'.repeat(40) : hash},
    ...(isLarge ? {lfs: {oid: hash, size: content.size, pointerSize: 130}} : {}),
  }))
  url.searchParams.set('cursor', String(from + TREE_PAGE))
  const next = all.length > from + TREE_PAGE ? {link: `<${url.href}>; rel="next"`} : {}
  json(response, all.slice(from, from + TREE_PAGE), next)
}

interface Wanted {
  readonly repo: FakeRepo
  readonly isKnown: boolean
  readonly path: string
}

function resolveFile(
  hub: FakeHub,
  state: State,
  {repo, isKnown, path}: Wanted,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const file = repo.files.get(path)
  if (repo.gated && (!isKnown || repo.info?.accepted !== true)) {
    return refuse(response, isKnown ? 403 : 401, 'GatedRepo', 'Access to model is restricted')
  }
  if (file === undefined) return refuse(response, 404, 'EntryNotFound', 'Entry not found')
  const told = {'x-repo-commit': repo.commit}
  if (!file.isLarge)
    return bytes(hub, state, {repo, path, file, headers: {...told, etag: `"${file.hash}"`}}, request, response)
  const link = `${repo.id}/${path}?use=${state.links.size}`
  state.links.set(`/${link}`, 0)
  response.writeHead(302, {
    ...told,
    location: `${hub.cdn}/${link}`,
    'x-linked-etag': `"${file.hash}"`,
    'x-linked-size': String(file.content.size),
  })
  response.end()
  return undefined
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
  else bytes(hub, state, {repo, path: path.join('/'), file, headers: {etag: '"cdn-1"'}}, request, response)
}

interface Served {
  readonly repo: FakeRepo
  readonly path: string
  readonly file: FakeFile
  readonly headers: Readonly<Record<string, string>>
}

function bytes(
  hub: FakeHub,
  state: State,
  {repo, path, file, headers}: Served,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const {size} = file.content
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const first = Number(range?.[1] ?? 0)
  const last = Math.min(size - 1, range?.[2] ? Number(range[2]) : size - 1)
  if (request.method === 'HEAD') {
    response.writeHead(200, {...headers, 'content-length': size}).end()
    return
  }
  const fault = hub.fault({repo: repo.id, path, first, last, count: ++state.calls})
  if (fault?.status !== undefined && fault.status >= 300) {
    response.writeHead(fault.status, fault.headers ?? {}).end()
    return
  }
  const isPart = range !== null && fault?.status !== 200
  const [from, to] = isPart ? [first, last] : [0, size - 1]
  const told = {'content-range': fault?.contentRange ?? `bytes ${from}-${to}/${size}`}
  response.writeHead(isPart ? 206 : 200, {
    ...{...headers, 'content-length': Math.max(0, to - from + 1)},
    ...(isPart ? told : {}),
    ...(fault?.etag === undefined ? {} : {etag: fault.etag}),
    ...fault?.headers,
  })
  sendBody(hub, {file, from, to, fault}, response).catch(() => response.destroy())
}

interface Body {
  readonly file: FakeFile
  readonly from: number
  readonly to: number
  readonly fault: Fault | undefined
}

/** When each connection may send again, so that a new request does not get around its limit. */
const freeAt = new WeakMap<Socket, number>()

async function sendBody(hub: FakeHub, {file, from, to, fault}: Body, response: ServerResponse): Promise<void> {
  let at = from
  for (const piece of file.content.pieces(from, to)) {
    const {socket} = response
    if (socket === null || response.destroyed) return
    let data = piece
    if (fault?.flip !== undefined && fault.flip >= at && fault.flip < at + piece.length) {
      data = Buffer.from(piece)
      const index = fault.flip - at
      data.writeUInt8(data.readUInt8(index) ^ 1, index)
    }
    if (fault?.cutAfter !== undefined && at + data.length - from > fault.cutAfter) {
      response.write(data.subarray(0, Math.max(0, fault.cutAfter - (at - from))), () => response.destroy())
      return
    }
    if (hub.limit !== undefined) await pace(socket, data.length, hub.limit)
    at += data.length
    hub.bytesSent += data.length
    if (!response.write(data)) await drained(response)
  }
  response.end()
}

async function pace(socket: Socket, length: number, limit: number): Promise<void> {
  const now = performance.now()
  const start = Math.max(now, freeAt.get(socket) ?? now)
  freeAt.set(socket, start + (length * 1000) / limit)
  if (start - now > 1) await new Promise((resolve) => setTimeout(resolve, start - now))
}

const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve, reject) => {
    const closed = () => reject(new Error('closed'))
    response.once('close', closed)
    response.once('drain', () => {
      response.off('close', closed)
      resolve()
    })
  })

function json(response: ServerResponse, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(200, {'content-type': 'application/json', ...headers}).end(JSON.stringify(value))
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, {...(code === '' ? {} : {'x-error-code': code}), 'x-error-message': message})
  response.end(JSON.stringify({error: message}))
}
