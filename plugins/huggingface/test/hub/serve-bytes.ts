import type {IncomingMessage, ServerResponse} from 'node:http'
import type {Socket} from 'node:net'
import type {FakeFile, FakeHub, FakeRepo, Fault, State} from './types.ts'

export interface Served {
  readonly repo: FakeRepo
  readonly path: string
  readonly file: FakeFile
  readonly headers: Readonly<Record<string, string>>
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Answers a request for bytes, with what the test wants to go wrong. */
export function serveBytes(hub: FakeHub, state: State, served: Served): void {
  const {repo, path, file, headers, request, response} = served
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
    if (fault?.stallAfter !== undefined && at + data.length - from > fault.stallAfter) {
      response.write(data.subarray(0, Math.max(0, fault.stallAfter - (at - from))))
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
