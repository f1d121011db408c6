import {type Body, CLOSE_DELIMITED_BODY, requestBody} from '../http/framing.ts'
import {Refusal} from '../http/refusal.ts'
import type {RequestHead} from '../http/request-head.ts'
import type {ResponseHead} from '../http/response-head.ts'
import type {Backend} from './backend.ts'
import type {BackendConnection, BackendUser} from './backend-connection.ts'
import type {ClientConnection} from './client-connection.ts'
import {interimText, requestText, responseText} from './forwarded.ts'
import type {Destination} from './routes.ts'
import type {Target} from './upstream.ts'
import {writePiece} from './write-piece.ts'

/** A kept connection may be closed by the backend just as we use it. Requests that cannot be repeated take only those used just now. */
const MAX_IDLE_FOR_UNREPEATABLE_MS = 1_000

/** A request that kills its backend must not go through all of them. */
const MAX_REPEATS_AFTER_RESET = 2

const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** One request and its answer, from the routed head to the last byte; tries other targets while that is safe. */
export class Exchange implements BackendUser {
  readonly request: RequestHead
  readonly requestId: string
  readonly #client: ClientConnection
  readonly #destination: Destination
  readonly #body: Body
  readonly #isRepeatable: boolean
  readonly #startedAt: number
  #target: Target | undefined
  #connection: BackendConnection | undefined
  #isSending = false
  #isAnswered = false
  #keepsClient = false
  #repeats = 0
  #needsFresh = false
  #tried: Set<Backend> | undefined
  /** Bytes that have moved, as of the last sweep that saw some. */
  #moved = 0
  #stillSince = 0

  constructor(client: ClientConnection, request: RequestHead, destination: Destination, requestId: string) {
    this.request = request
    this.requestId = requestId
    this.#client = client
    this.#destination = destination
    this.#body = requestBody(request.framing)
    this.#isRepeatable = this.#body.isDone && REPEATABLE.has(request.method)
    this.#startedAt = performance.now()
  }

  get method(): string {
    return this.request.method
  }

  get wantsBareData(): boolean {
    return this.request.minor === 0
  }

  /** Picks a target and sends the request there. */
  start(): void {
    const now = performance.now()
    const {upstream} = this.#destination
    const target = upstream.pick(now, this.#tried)
    if (target === undefined) {
      if (upstream.hasTargets)
        this.#client.refuse(new Refusal(502, `backend error: no target of ${upstream.service} answered`))
      else this.#client.refuse(new Refusal(503, `no healthy target: ${upstream.service}`))
      return
    }
    this.#target = target
    target.backend.begin(now)
    target.stats.inFlight++
    const maxIdleMs = this.#isRepeatable ? Number.POSITIVE_INFINITY : MAX_IDLE_FOR_UNREPEATABLE_MS
    const idle = this.#needsFresh ? undefined : target.backend.takeIdle(now, maxIdleMs)
    if (idle === undefined) this.#connection = target.backend.connect(this)
    else {
      idle.assign(this)
      this.#connection = idle
      this.connected(idle)
    }
  }

  connected(connection: BackendConnection): void {
    const text = requestText(this.request, this.#destination, this.requestId, this.#client.peerLines)
    this.#isSending = true
    if (this.#body.isDone) {
      connection.socket.write(text, 'latin1')
      return
    }
    const bytes = this.#client.takeUnread()
    const end = bytes === undefined ? 0 : this.#take(bytes, 0)
    if (this.#connection !== connection) return
    const isFlowing = writePiece(connection.socket, text, bytes, 0, end)
    if (isFlowing || this.#body.isDone) this.#client.socket.resume()
    if (bytes !== undefined && end < bytes.length) this.#client.putBack(bytes.subarray(end))
  }

  /** More bytes of the client; returns how many of them belong to this request. */
  receive(bytes: Buffer): number {
    const connection = this.#connection
    if (connection === undefined || !this.#isSending || this.#body.isDone) return 0
    const end = this.#take(bytes, 0)
    if (this.#connection !== connection) return bytes.length
    if (end > 0 && !connection.socket.write(bytes.subarray(0, end)) && !this.#body.isDone) this.#client.socket.pause()
    return end
  }

  drained(): void {
    if (!this.#body.isDone) this.#client.socket.resume()
  }

  clientDrained(): void {
    this.#connection?.socket.resume()
  }

  informed(head: ResponseHead): void {
    if (this.request.minor === 1) this.#write(interimText(head))
  }

  answered(head: ResponseHead, body: Body, bytes: Buffer, from: number, to: number): void {
    this.#observe(head.status)
    this.#target?.backend.succeeded()
    this.#isAnswered = true
    const endsByClose = body === CLOSE_DELIMITED_BODY || (head.framing.kind === 'chunked' && this.wantsBareData)
    this.#keepsClient = !endsByClose && this.#body.isDone && this.#client.mayKeep
    this.#write(responseText(this.request, head, this.#keepsClient), bytes, from, to)
  }

  continued(bytes: Buffer, from: number, to: number): void {
    this.#write('', bytes, from, to)
  }

  finished(connection: BackendConnection): void {
    const backend = this.#target?.backend
    this.#connection = undefined
    this.#endAttempt()
    if (connection.isReusable && this.#body.isDone) {
      backend?.release(connection, performance.now(), connection.keepAliveSeconds)
    } else connection.destroy()
    this.#client.exchanged(this.#keepsClient)
  }

  switched(connection: BackendConnection, head: ResponseHead, rest: Buffer): void {
    if (!this.request.isWebSocket || head.upgrade !== 'websocket') {
      connection.destroy()
      this.broke(connection)
      return
    }
    this.#observe(head.status)
    this.#target?.backend.succeeded()
    writePiece(this.#client.socket, responseText(this.request, head, true), rest, 0, rest.length)
    this.#client.tunnel(connection.detach(), () => this.#endAttempt())
  }

  broke(connection: BackendConnection): void {
    const {isConnected, hasAnswerBytes, isFresh} = connection
    const backend = this.#target?.backend
    const isFault = !isConnected || isFresh
    this.#connection = undefined
    this.#isSending = false
    if (!isConnected && connection.isOurFault) {
      this.#endAttempt()
      this.#client.refuse(new Refusal(503, 'the proxy has no room for another connection'))
      return
    }
    backend?.failed(performance.now(), isFault && !hasAnswerBytes)
    if (!this.#isAnswered) this.#observe(0)
    this.#endAttempt()
    if (this.#isAnswered) {
      this.#client.abort()
      return
    }
    const isSafe = !isConnected || (!hasAnswerBytes && this.#isRepeatable && this.#repeats++ < MAX_REPEATS_AFTER_RESET)
    if (!isSafe) {
      this.#client.refuse(
        new Refusal(502, `backend error: a target of ${this.#destination.upstream.service} closed the connection`),
      )
      return
    }
    this.#needsFresh = true
    if (isFault && backend !== undefined) {
      this.#tried ??= new Set()
      this.#tried.add(backend)
    }
    this.start()
  }

  /** The client is gone or broke the rules: nobody waits for the answer. */
  abandon(): void {
    const connection = this.#connection
    this.#connection = undefined
    this.#isSending = false
    if (connection === undefined) return
    connection.destroy()
    this.#endAttempt()
  }

  /** Gives up a target that has not begun to answer for so long, while nothing moved either way. */
  sweep(now: number, answerMs: number): void {
    const connection = this.#connection
    if (connection === undefined || this.#isAnswered) return
    const moved = this.#client.socket.bytesRead + connection.socket.bytesRead + connection.socket.bytesWritten
    if (moved !== this.#moved) {
      this.#moved = moved
      this.#stillSince = now
    } else if (now - this.#stillSince >= answerMs) {
      this.#observe(0)
      this.abandon()
      this.#client.refuse(
        new Refusal(504, `backend error: a target of ${this.#destination.upstream.service} did not answer in time`),
      )
    }
  }

  /** All of the request has been read. */
  get isReceived(): boolean {
    return this.#body.isDone
  }

  #take(bytes: Buffer, from: number): number {
    try {
      return this.#body.take(bytes, from)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.abandon()
      if (this.#isAnswered) this.#client.abort()
      else this.#client.refuse(error)
      return from
    }
  }

  #write(text: string, bytes?: Buffer, from = 0, to = 0): void {
    if (!writePiece(this.#client.socket, text, bytes, from, to)) this.#connection?.socket.pause()
  }

  #observe(status: number): void {
    this.#target?.stats.observe(status, performance.now() - this.#startedAt)
  }

  #endAttempt(): void {
    const target = this.#target
    this.#target = undefined
    if (target === undefined) return
    target.stats.inFlight--
    target.backend.end()
  }
}
