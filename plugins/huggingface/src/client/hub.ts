import {type Http, OmniError} from '@omni-cli/sdk'
import type {ZodMiniType} from 'zod/mini'
import {headerOf} from './errors.ts'
import {createHubHttp, type HubAnswer, linkOf, nextUrl} from './hub-http.ts'
import {filePath, isRepo, type RepoRef, repoPath} from './ref.ts'
import type {HubTarget} from './settings.ts'
import {type WireEntry, type WireModel, wireModel, wireModels, wireTree} from './wire.ts'

/** A file of a revision. */
export interface HubFile {
  readonly path: string
  readonly size: number
  /** SHA-256 of what is kept as a large file. */
  readonly sha256?: string | undefined
  /** Git's own hash of what is kept as a small one. */
  readonly gitSha1?: string | undefined
}

/** Where the bytes of a file are now. */
export interface Located {
  readonly url: URL
  readonly commit?: string | undefined
  /** Without quotes. */
  readonly etag?: string | undefined
  readonly size?: number | undefined
}

export interface FileQuestion extends Required<Pick<RepoRef, 'repo'>> {
  readonly commit: string
  readonly path: string
  readonly signal?: AbortSignal | undefined
}

export interface SearchQuery {
  readonly query: string
  readonly author?: string | undefined
  readonly task?: string | undefined
  readonly library?: string | undefined
  readonly sort: string
  readonly pageSize: number
  readonly signal?: AbortSignal | undefined
}

/** Questions to a hub. NOT_FOUND, FORBIDDEN (gated, private), UNAUTHORIZED, UNAVAILABLE with what to do. */
export interface Hub {
  readonly target: HubTarget
  model(ref: RepoRef, signal?: AbortSignal | undefined): Promise<WireModel>
  /** All files of a commit. */
  files(repo: string, commit: string, signal?: AbortSignal | undefined): Promise<HubFile[]>
  /** Content of a small file; IO when it is longer. */
  read(file: FileQuestion & {readonly maxBytes: number}): Promise<Buffer>
  /** A part of a file, both ends included; shorter when the file is. */
  range(file: FileQuestion, first: number, last: number): Promise<Buffer>
  locate(file: FileQuestion): Promise<Located>
  /** Where the hub is asked for it; it may send elsewhere. */
  addressOf(file: FileQuestion): URL
  search(query: SearchQuery): AsyncIterable<WireModel>
}

const MAX_ANSWER = 32 * 1024 * 1024
const MAX_PAGES = 100

const EXPANDED = [
  ...['author', 'cardData', 'config', 'disabled', 'downloads', 'gated', 'lastModified', 'library_name', 'likes'],
  ...['pipeline_tag', 'private', 'safetensors', 'sha', 'tags'],
]

export function createHub(http: Http, target: HubTarget): Hub {
  const hub = createHubHttp(http, target)
  const resolvePath = ({repo, commit, path}: FileQuestion) =>
    `/${repoPath(repo)}/resolve/${encodeURIComponent(commit)}/${filePath(path)}`
  const question = (file: FileQuestion) => ({
    path: resolvePath(file),
    what: `'${file.path}' of '${file.repo}'`,
    repo: file.repo,
    signal: file.signal,
  })
  return {
    target,
    async model({repo, revision}, signal) {
      const end = revision === undefined ? '' : `/revision/${encodeURIComponent(revision)}`
      const path = `/api/models/${repoPath(repo)}${end}?${expandQuery(EXPANDED)}`
      const what = revision === undefined ? `'${repo}'` : `'${repo}' at '${revision}'`
      return checked(parse(wireModel, await hub.ask({path, what, repo, maxBytes: MAX_ANSWER, signal}), what), what)
    },
    async files(repo, commit, signal) {
      const path = `/api/models/${repoPath(repo)}/tree/${encodeURIComponent(commit)}?recursive=true`
      const files: HubFile[] = []
      for await (const answer of pages(hub.ask, target, {path, what: `the files of '${repo}'`, repo, signal})) {
        files.push(...parse(wireTree, answer, `the files of '${repo}'`).flatMap(fileOf))
      }
      return files
    },
    async read({maxBytes, ...file}) {
      return (await hub.ask({...question(file), maxBytes, mayLeave: true})).body
    },
    async range(file, first, last) {
      const length = last - first + 1
      const headers = {range: `bytes=${first}-${last}`}
      const answer = await hub.ask({...question(file), headers, maxBytes: MAX_ANSWER, mayLeave: true})
      return answer.status === 206 ? answer.body.subarray(0, length) : answer.body.subarray(first, last + 1)
    },
    addressOf: (file) => new URL(`${target.endpoint}${resolvePath(file)}`),
    locate: (file) => findFile(hub.ask, target, question(file)),
    async *search(query) {
      const path = `/api/models?${searchQuery(query)}`
      for await (const answer of pages(hub.ask, target, {path, what: 'models', signal: query.signal})) {
        yield* parse(wireModels, answer, 'the list of models')
      }
    },
  }
}

type Ask = ReturnType<typeof createHubHttp>['ask']
type Question = Pick<Parameters<Ask>[0], 'path' | 'what' | 'repo' | 'signal'>

/** All pages of a list: the hub names the next one in `Link`. */
async function* pages(ask: Ask, target: HubTarget, question: Question): AsyncIterable<HubAnswer> {
  let path: string | undefined = question.path
  for (let page = 0; path !== undefined; page++) {
    if (page >= MAX_PAGES) throw new OmniError('IO', `${question.what}: more than ${MAX_PAGES} pages`)
    const answer: HubAnswer = await ask({...question, path, maxBytes: MAX_ANSWER})
    yield answer
    path = nextPage(target, answer)
  }
}

/** Path of the next page on the same hub. */
function nextPage({endpoint}: HubTarget, answer: HubAnswer): string | undefined {
  const url = linkOf(/<([^>]+)>\s*;\s*rel="?next"?/.exec(headerOf(answer, 'link') ?? '')?.[1], answer.url)
  return url === undefined ? undefined : pathOn(endpoint, url)
}

/** Path and query after the address of the hub. */
function pathOn(endpoint: string, url: URL): string {
  const prefix = new URL(endpoint).pathname.replace(/\/$/, '')
  const path = url.pathname.startsWith(`${prefix}/`) ? url.pathname.slice(prefix.length) : url.pathname
  return `${path}${url.search}`
}

const REDIRECTS = [301, 302, 303, 307, 308]

/** A renamed repository is followed; the first answer that names a file, or sends elsewhere for it, is the end. */
async function findFile(ask: Ask, {endpoint}: HubTarget, question: Question): Promise<Located> {
  let {path} = question
  for (let hops = 0; hops < 5; hops++) {
    const answer = await ask({...question, path, method: 'HEAD', maxBytes: 0, accepts: REDIRECTS})
    const location = headerOf(answer, 'location')
    const next = location === undefined ? undefined : nextUrl(answer.url, location)
    const isTold = headerOf(answer, 'x-linked-etag') !== undefined
    if (next === undefined || isTold || next.origin !== new URL(endpoint).origin) {
      return locatedAt(next ?? answer.url, answer)
    }
    path = pathOn(endpoint, next)
  }
  throw new OmniError('UNAVAILABLE', `the hub sends in circles for ${question.what}`)
}

function locatedAt(url: URL, answer: HubAnswer): Located {
  const size = Number(headerOf(answer, 'x-linked-size') ?? headerOf(answer, 'content-length') ?? Number.NaN)
  const etag = headerOf(answer, 'x-linked-etag') ?? headerOf(answer, 'etag')
  return {
    url,
    commit: headerOf(answer, 'x-repo-commit'),
    etag: etag?.replace(/^W\//, '').replace(/^"|"$/g, ''),
    size: Number.isSafeInteger(size) ? size : undefined,
  }
}

function parse<T>(schema: ZodMiniType<T>, {body}: HubAnswer, what: string): T {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw new OmniError('UNAVAILABLE', `the hub answered for ${what} with something that is no JSON`, {cause: error})
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const where = result.error.issues[0]?.path.map(String).join('.') ?? ''
  throw new OmniError('UNAVAILABLE', `the hub answered for ${what} in a form that is not known (${where})`)
}

/** Name and commit become parts of addresses and of what is written down: they must be what they are called. */
function checked(model: WireModel, what: string): WireModel {
  if (isRepo(model.id) && (!model.sha || /^[0-9a-f]{40,64}$/.test(model.sha))) return model
  throw new OmniError('UNAVAILABLE', `the hub answered for ${what} with a name or a commit that is none`)
}

function fileOf({type, path, size, oid, lfs}: WireEntry): HubFile[] {
  if (type !== 'file') return []
  return [lfs ? {path, size: lfs.size, sha256: lfs.oid} : {path, size, gitSha1: oid}]
}

const expandQuery = (keys: readonly string[]): string => keys.map((key) => `expand%5B%5D=${key}`).join('&')

function searchQuery({query, author, task, library, sort, pageSize}: SearchQuery): string {
  const words = new URLSearchParams({sort, direction: '-1', limit: String(pageSize)})
  if (query !== '') words.set('search', query)
  if (author !== undefined) words.set('author', author)
  if (task !== undefined) words.set('pipeline_tag', task)
  if (library !== undefined) words.set('filter', library)
  return `${words}&${expandQuery(EXPANDED.filter((key) => key !== 'config'))}`
}
