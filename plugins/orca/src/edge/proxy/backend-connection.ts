import {connect, type Socket} from 'node:net'
import {ChunkedBody} from '../http/chunked-body.ts'
import {type Body, CLOSE_DELIMITED_BODY, EMPTY_BODY, responseBody} from '../http/framing.ts'
import {findHeadEnd} from '../http/head-end.ts'
import {Refusal} from '../http/refusal.ts'
import {parseResponseHead, type ResponseHead} from '../http/response-head.ts'
import type {Backend} from './backend.ts'
import {isOurLimit} from './our-limits.ts'

/** Who a connection works for: one request and its answer. */
export interface BackendUser {
  readonly method: string
  /** The client knows no chunks: `bytes` are the bare data. */
  readonly wantsBareData: boolean
  connected(connection: BackendConnection): void
  informed(head: ResponseHead): void
  switched(connection: BackendConnection, head: ResponseHead, rest: Buffer): void
  answered(head: ResponseHead, body: Body, bytes: Buffer, from: number, to: number): void
  continued(bytes: Buffer, from: number, to: number): void
  /** The answer is complete; the connection is the user's to release or destroy. */
  finished(connection: BackendConnection): void
  /** Closed before the answer was complete; the connection is destroyed. */
  broke(connection: BackendConnection): void
  /** Takes more bytes again. */
  drained(): void
}

/** One connection to a backend: sends requests, reads answers, one at a time. */
export class BackendConnection {
  readonly socket: Socket
  idleSince = 0
  maxIdleMs = 0
  /** Not used for an answer before. */
  isFresh = true
  isConnected = false
  /** A byte of the current answer came. */
  hasAnswerBytes = false
  /** The answer ended cleanly and the backend lets us go on. */
  isReusable = false
  keepAliveSeconds: number | undefined
  /** It broke for want of something that this process should have. */
  isOurFault = false
  readonly #backend: Backend
  #user: BackendUser | undefined
  #body: Body | undefined
  #unread: Buffer | undefined

  constructor(backend: Backend, user: BackendUser, connectMs: number) {
    this.#backend = backend
    this.#user = user
    const socket = connect({host: backend.host, port: backend.port, noDelay: true, allowHalfOpen: true})
    this.socket = socket
    socket.setTimeout(connectMs, () => socket.destroy())
    socket.on('connect', () => {
      socket.setTimeout(0)
      this.isConnected = true
      this.#user?.connected(this)
    })
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('drain', () => this.#user?.drained())
    socket.on('end', () => this.#ended())
    socket.on('error', (error) => {
      // `close` follows and says the rest.
      this.isOurFault = isOurLimit(error)
    })
    socket.on('close', () => this.#closed())
  }

  /** Puts an idle connection to work. */
  assign(user: BackendUser): void {
    this.#user = user
    this.hasAnswerBytes = false
    this.isReusable = false
  }

  markIdle(now: number, maxIdleMs: number): void {
    this.idleSince = now
    this.maxIdleMs = maxIdleMs
    this.isFresh = false
    if (this.socket.isPaused()) this.socket.resume()
  }

  /** Ends it without a word to the user. */
  destroy(): void {
    this.#user = undefined
    this.socket.destroy()
  }

  /** Hands out the bare socket, for a tunnel. */
  detach(): Socket {
    this.#user = undefined
    for (const event of ['data', 'drain', 'end', 'close', 'timeout']) this.socket.removeAllListeners(event)
    return this.socket
  }

  #read(chunk: Buffer): void {
    const user = this.#user
    if (user === undefined) {
      this.socket.destroy()
      return
    }
    try {
      if (this.#body === undefined) this.#readHead(user, chunk)
      else this.#readBody(user, this.#body, chunk)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.socket.destroy()
      this.#closed()
    }
  }

  #readHead(user: BackendUser, chunk: Buffer): void {
    this.hasAnswerBytes = true
    let scanned = this.#unread?.length ?? 0
    let bytes = this.#unread === undefined ? chunk : Buffer.concat([this.#unread, chunk])
    this.#unread = undefined
    while (this.#user === user) {
      const end = findHeadEnd(bytes, scanned)
      if (end < 0) {
        this.#unread = bytes
        return
      }
      const head = parseResponseHead(bytes.toString('latin1', 0, end))
      if (head.status >= 200) {
        this.#begin(user, head, bytes, end)
        return
      }
      scanned = 0
      bytes = bytes.subarray(end)
      if (head.status !== 101) user.informed(head)
      else user.switched(this, head, bytes)
    }
  }

  #begin(user: BackendUser, head: ResponseHead, bytes: Buffer, from: number): void {
    const body = bodyFor(user, head)
    const to = body.take(bytes, from)
    this.#body = body
    this.isReusable = head.isPersistent && body !== CLOSE_DELIMITED_BODY && to === bytes.length
    this.keepAliveSeconds = head.keepAliveSeconds
    if (body instanceof ChunkedBody && body.payload !== undefined) {
      const data = Buffer.concat(body.payload.splice(0))
      user.answered(head, body, data, 0, data.length)
    } else user.answered(head, body, bytes, from, to)
    if (body.isDone) this.#finish()
  }

  #readBody(user: BackendUser, body: Body, chunk: Buffer): void {
    const to = body.take(chunk, 0)
    if (to < chunk.length) this.isReusable = false
    if (body instanceof ChunkedBody && body.payload !== undefined) {
      const data = Buffer.concat(body.payload.splice(0))
      user.continued(data, 0, data.length)
    } else user.continued(chunk, 0, to)
    if (body.isDone) this.#finish()
  }

  #finish(): void {
    const user = this.#user
    this.#user = undefined
    this.#body = undefined
    user?.finished(this)
  }

  #ended(): void {
    if (this.#body === CLOSE_DELIMITED_BODY) {
      this.isReusable = false
      this.#finish()
    }
    this.socket.destroy()
    this.#closed()
  }

  #closed(): void {
    const user = this.#user
    this.#user = undefined
    if (user === undefined) this.#backend.forget(this)
    else user.broke(this)
  }
}

function bodyFor(user: BackendUser, head: ResponseHead): Body {
  if (user.method === 'HEAD' || head.status === 204 || head.status === 304) return EMPTY_BODY
  if (head.framing.kind === 'chunked' && user.wantsBareData) return new ChunkedBody([])
  return responseBody(head.framing)
}
