import type {IncomingMessage, ServerResponse} from 'node:http'
import {serveBytes} from './serve-bytes.ts'
import type {FakeHub, FakeRepo, State} from './types.ts'

/** The API and the files of the hub itself. */
export function answerHub(hub: FakeHub, state: State, request: IncomingMessage, response: ServerResponse): void {
  const {authorization} = request.headers
  hub.requests.push({line: `${request.method} ${request.url}`, host: 'hub', authorization})
  if (hub.before(request, response)) return
  const url = new URL(request.url ?? '', hub.url)
  const parts = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent)
  const isApi = parts[0] === 'api'
  if (authorization !== undefined && authorization !== `Bearer ${hub.token}`) {
    refuse(response, 401, '', 'Invalid credentials')
  } else if (isApi && parts.length === 2) {
    search(hub, url, response)
  } else {
    const [owner, name, ...rest] = isApi ? parts.slice(2) : parts
    answerRepo({hub, state, request, response, url, isApi, id: `${owner}/${name}`, rest})
  }
}

interface RepoRequest {
  readonly hub: FakeHub
  readonly state: State
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly isApi: boolean
  readonly id: string
  readonly rest: readonly string[]
}

function answerRepo(asked: RepoRequest): void {
  const {hub, request, response, url, isApi, id, rest} = asked
  const isKnown = request.headers.authorization !== undefined
  const repo = hub.repos.get(id.toLowerCase())
  if (repo === undefined || (repo.private === true && !isKnown)) {
    refuse(response, isKnown ? 404 : 401, 'RepoNotFound', 'Repository not found')
  } else if (repo.renamedTo !== undefined) {
    response.writeHead(307, {location: `${url.pathname.replace(id, repo.renamedTo)}${url.search}`}).end()
  } else if (isApi && rest[0] === 'tree') {
    tree(repo, url, response)
  } else if (isApi) {
    const revision = rest[0] === 'revision' ? rest[1] : 'main'
    if (revision === 'main' || revision === repo.commit) json(response, infoOf(repo))
    else refuse(response, 404, 'RevisionNotFound', 'Invalid rev id')
  } else {
    resolveFile(asked, {repo, isKnown, path: rest.slice(2).join('/')})
  }
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

function resolveFile({hub, state, request, response}: RepoRequest, {repo, isKnown, path}: Wanted): void {
  const file = repo.files.get(path)
  const told = {'x-repo-commit': repo.commit}
  if (repo.gated && (!isKnown || repo.info?.accepted !== true)) {
    refuse(response, isKnown ? 403 : 401, 'GatedRepo', 'Access to model is restricted')
  } else if (file === undefined) {
    refuse(response, 404, 'EntryNotFound', 'Entry not found')
  } else if (!file.isLarge) {
    serveBytes(hub, state, {repo, path, file, request, response, headers: {...told, etag: `"${file.hash}"`}})
  } else {
    const link = `${repo.id}/${path}?use=${state.links.size}`
    state.links.set(`/${link}`, 0)
    const linked = {'x-linked-etag': `"${file.hash}"`, 'x-linked-size': String(file.content.size)}
    response.writeHead(302, {...told, ...linked, location: `${hub.cdn}/${link}`}).end()
  }
}

function json(response: ServerResponse, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(200, {'content-type': 'application/json', ...headers}).end(JSON.stringify(value))
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, {...(code === '' ? {} : {'x-error-code': code}), 'x-error-message': message})
  response.end(JSON.stringify({error: message}))
}
