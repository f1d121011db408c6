import {type Body, CLOSE_DELIMITED_BODY, requestBody} from '../http/framing.ts'
import {Refusal} from '../http/refusal.ts'
import type {RequestHead} from '../http/request-head.ts'
import type {ResponseHead} from '../http/response-head.ts'
import type {Backend} from './backend.ts'
import type {BackendConnection, BackendUser} from './backend-connection.ts'
import type {ClientConnection} from './client-connection.ts'
import {interimText, requestText, responseText} from './forwarded.ts'
import {MAX_IDLE_FOR_UNREPEATABLE_MS, MAX_REPEATS_AFTER_RESET, REPEATABLE} from './repeats.ts'
import type {Destination} from './routes.ts'
import {Stillness} from './stillness.ts'
import type {PinChoice, Target} from './upstream.ts'
import type {VersionStats} from './version-stats.ts'
import {writePiece} from './write-piece.ts'

/** One request and its answer, from the routed head to the last byte; tries other targets while that is safe. */
export class Exchange implements BackendUser {
  readonly request: RequestHead
  readonly requestId: string
  readonly #client: ClientConnection
  readonly #destination: Destination
  readonly #body: Body
  readonly #isRepeatable: boolean
  readonly #startedAt: number
  /** Only where requests may name their targets. */
  readonly #choice: PinChoice | undefined
  #target: Target | undefined
  #stats: VersionStats | undefined
  #connection: BackendConnection | undefined
  #isSending = false
  #isAnswered = false
  #keepsClient = false
  #repeats = 0
  #needsFresh = false
  #tried: Set<Backend> | undefined
  readonly #stillness = new Stillness()

  constructor(client: ClientConnection, request: RequestHead, destination: Destination, requestId: string) {
    this.request = request
    this.requestId = requestId
    this.#client = client
    this.#destination = destination
    this.#body = requestBody(request.framing)
    this.#isRepeatable = this.#body.isDone && REPEATABLE.has(request.method)
    this.#startedAt = performance.now()
    const {upstream} = destination
    if (upstream.pin !== undefined) this.#choice = upstream.choose(request.kept, upstream.pin)
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
    const {upstream, route} = this.#destination
    const target = upstream.pick(now, this.#tried, this.#choice?.pin)
    if (target === undefined) {
      if (upstream.hasTargets)
        this.#client.refuse(new Refusal(502, `backend error: no target of ${upstream.service} answered`))
      else this.#client.refuse(new Refusal(503, `no healthy target: ${upstream.service}`))
      return
    }
    this.#target = target
    target.backend.begin(now)
    this.#stats = route === '*' ? target.stats : target.stats.onRoute(route)
    this.#stats.inFlight++
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
    const {requestId} = this
    const text = requestText(this.request, {destination: this.#destination, requestId, origin: this.#client.origin})
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
    this.#write(responseText(this.request, head, this.#keepsClient, this.#stickyLine), bytes, from, to)
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
    writePiece(this.#client.socket, responseText(this.request, head, true, this.#stickyLine), rest, 0, rest.length)
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
      this.#refuse(502, 'closed the connection')
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
    if (this.#stillness.lastedMs(moved, now) < answerMs) return
    this.#observe(0)
    this.abandon()
    this.#refuse(504, 'did not answer in time')
  }

  /** All of the request has been read. */
  get isReceived(): boolean {
    return this.#body.isDone
  }

  #refuse(status: number, what: string): void {
    const {service} = this.#destination.upstream
    this.#client.refuse(new Refusal(status, `backend error: a target of ${service} ${what}`))
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
    this.#stats?.observe(status, performance.now() - this.#startedAt)
  }

  get #stickyLine(): string {
    if (this.#choice === undefined) return ''
    return this.#destination.upstream.stickyLine(this.#choice, this.#target?.pin, this.#client.origin.isHttps)
  }

  #endAttempt(): void {
    const target = this.#target
    this.#target = undefined
    if (target === undefined) return
    if (this.#stats !== undefined) this.#stats.inFlight--
    target.backend.end()
  }
}
