import type {Socket} from 'node:net'
import {requestBody} from '../http/framing.ts'
import {Refusal} from '../http/refusal.ts'
import {parseRequestHead, type RequestHead} from '../http/request-head.ts'
import {RequestInput} from '../http/request-input.ts'
import {breakOff} from './break-off.ts'
import {Exchange} from './exchange.ts'
import {ignoreError} from './ignore-error.ts'
import {type Origin, originOf, plainAddress, type TrustedProxies} from './origin.ts'
import {ownAnswerText} from './own-answer.ts'
import type {Resolve} from './routes.ts'
import {splice} from './splice.ts'
import {Stillness} from './stillness.ts'
import type {EdgeTimeouts} from './timeouts.ts'

/** The listener that a connection came in by, as it is at the moment. */
export interface Site {
  readonly resolve: Resolve
  /** No further requests: connections close after the current one. */
  readonly isClosing: boolean
  readonly isHttps: boolean
  readonly trusted: TrustedProxies | undefined
  readonly timeouts: EdgeTimeouts
  readonly nextRequestId: () => string
  readonly onClosed: (connection: ClientConnection) => void
}

/** One client: reads requests one after the other and keeps their answers in order. */
export class ClientConnection {
  readonly socket: Socket
  /** Of the current request. */
  origin: Origin
  readonly #peer: Origin
  readonly #address: string
  readonly #site: Site
  readonly #input = new RequestInput()
  #request: RequestHead | undefined
  #exchange: Exchange | undefined
  /** Our last byte is written or being written; what the client still sends is thrown away. */
  #isLeaving = false
  /** The client sent its last byte. */
  #isEnded = false
  #isReading = false
  #isTunnel = false
  #deadline: number
  #stillness = new Stillness()

  constructor(socket: Socket, site: Site) {
    this.socket = socket
    this.#site = site
    this.#address = plainAddress(socket.remoteAddress ?? 'unknown')
    this.#peer = originOf(this.#address, site.isHttps)
    this.origin = this.#peer
    this.#deadline = performance.now() + site.timeouts.idleMs
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('drain', () => this.#drained())
    socket.on('end', () => this.#ended())
    socket.on('error', ignoreError)
    socket.on('close', () => this.#closed())
  }

  /** Whether the connection may stay open after the current answer. */
  get mayKeep(): boolean {
    const isLast = this.#isEnded && this.#input.isEmpty
    return this.#request?.isPersistent === true && !this.#site.isClosing && !isLast
  }

  /** Bytes that were read but not used yet. */
  takeUnread(): Buffer | undefined {
    return this.#input.take()
  }

  /** Bytes of a later request; no more are read until it is their turn. */
  putBack(bytes: Buffer): void {
    this.#input.add(bytes)
    this.socket.pause()
  }

  /** The answer of the current exchange is written. */
  exchanged(keep: boolean): void {
    this.#exchange = undefined
    this.#request = undefined
    if (!keep) this.#leave()
    else this.#readRequests()
  }

  /** Answers in the proxy's own name. */
  refuse(refusal: Refusal): void {
    const request = this.#request
    const keep = request !== undefined && requestBody(request.framing).isDone && this.mayKeep
    const text = ownAnswerText({
      refusal,
      requestId: this.#exchange?.requestId ?? request?.requestId ?? this.#site.nextRequestId(),
      keep,
      minor: request?.minor ?? 1,
      withBody: request?.method !== 'HEAD',
    })
    this.socket.write(text, 'latin1')
    this.exchanged(keep)
  }

  /** The answer broke off in the middle: the client must see that. */
  abort(): void {
    this.#exchange = undefined
    breakOff(this.socket)
  }

  /** From now on bytes only pass, both ways. */
  tunnel(backend: Socket, onClosed: () => void): void {
    const unread = this.takeUnread()
    this.#isTunnel = true
    this.#exchange = undefined
    for (const event of ['data', 'drain', 'end', 'close']) this.socket.removeAllListeners(event)
    if (unread !== undefined) backend.write(unread)
    if (this.#isEnded) backend.end()
    splice(this.socket, backend, () => {
      onClosed()
      this.#site.onClosed(this)
    })
  }

  /** Closes the connection when nothing is under way; else that happens after the current answer. */
  closeWhenIdle(): void {
    if (this.#exchange === undefined && this.#input.isEmpty && !this.#isTunnel && !this.#isLeaving) this.#leave()
  }

  destroy(): void {
    if (this.#exchange === undefined) this.socket.destroy()
    else breakOff(this.socket)
  }

  /** Ends what took too long. */
  sweep(now: number): void {
    if (this.#isTunnel) return
    this.#exchange?.sweep(now, this.#site.timeouts.answerMs)
    if (this.#exchange !== undefined) this.#sweepReader(now)
    else if (now < this.#deadline) return
    else if (this.#isLeaving || this.socket.writableNeedDrain) this.socket.destroy()
    else if (!this.#input.isEmpty) this.refuse(new Refusal(408, 'the request head took too long'))
    else this.#leave()
  }

  #receive(chunk: Buffer): void {
    if (this.#isLeaving) return
    const exchange = this.#exchange
    if (exchange === undefined) {
      if (this.#input.isEmpty) this.#deadline = performance.now() + this.#site.timeouts.headMs
      this.#input.add(chunk)
      this.#readRequests()
      return
    }
    const end = exchange.receive(chunk)
    if (this.#exchange === exchange && end < chunk.length) this.putBack(end === 0 ? chunk : chunk.subarray(end))
  }

  #readRequests(): void {
    // Answers of our own come at once and call back into here: the loop below goes on with the next request.
    if (this.#isReading) return
    this.#isReading = true
    while (this.#mayReadNext() && this.#readRequest());
    this.#isReading = false
    if (this.#exchange !== undefined || this.#isLeaving) return
    if (this.#isEnded) this.#leave()
    else this.#await()
  }

  /** A client that does not read its answers gets no further ones. */
  #mayReadNext(): boolean {
    const isFree = this.#exchange === undefined && !this.#isLeaving
    return isFree && !this.#input.isEmpty && !this.socket.writableNeedDrain
  }

  /** Reads one request and sets it off; false when its head is not complete. */
  #readRequest(): boolean {
    try {
      const text = this.#input.takeHead()
      if (text === undefined) return false
      this.#deadline = Number.POSITIVE_INFINITY
      const request = parseRequestHead(text)
      this.#request = request
      const {trusted, isHttps} = this.#site
      this.origin = trusted?.has(this.#address) ? trusted.believe(text, this.#address, isHttps) : this.#peer
      const destination = this.#site.resolve(request, this.origin)
      const exchange = new Exchange(this, request, destination, request.requestId ?? this.#site.nextRequestId())
      this.#exchange = exchange
      exchange.start()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.refuse(error)
    }
    return true
  }

  #await(): void {
    const {headMs, idleMs} = this.#site.timeouts
    if (this.socket.writableNeedDrain) {
      this.socket.pause()
      this.#deadline = performance.now() + idleMs
      return
    }
    if (this.#input.isEmpty) this.#deadline = performance.now() + idleMs
    else if (this.#deadline === Number.POSITIVE_INFINITY) this.#deadline = performance.now() + headMs
    if (this.#site.isClosing) this.closeWhenIdle()
    else if (this.socket.isPaused()) this.socket.resume()
  }

  /** Says goodbye and waits a little for the client to do the same: closing at once could destroy the answer on its way. */
  #leave(): void {
    this.#isLeaving = true
    this.#input.take()
    const {idleMs, lingerMs} = this.#site.timeouts
    this.#deadline = performance.now() + idleMs
    this.socket.end(() => {
      this.#deadline = performance.now() + lingerMs
    })
    this.socket.resume()
  }

  #drained(): void {
    if (this.#exchange !== undefined) this.#exchange.clientDrained()
    else if (!this.#isLeaving) this.#readRequests()
  }

  #ended(): void {
    this.#isEnded = true
    const exchange = this.#exchange
    if (exchange === undefined) {
      if (!this.#isLeaving) this.#leave()
    } else if (exchange.isReceived) {
      // It may still read the answer, or be gone: the sweep tells by whether bytes leave.
      this.#stillness = new Stillness()
    } else this.socket.destroy()
  }

  /** A client that takes nothing of its answer, or closed its side and gets none, holds a target for nothing. */
  #sweepReader(now: number): void {
    const {headMs, answerMs} = this.#site.timeouts
    const stillMs = this.#stillness.lastedMs(this.socket.bytesWritten, now)
    if (this.#isEnded ? stillMs >= headMs : this.socket.writableNeedDrain && stillMs >= answerMs) breakOff(this.socket)
  }

  #closed(): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#isLeaving = true
    this.#input.take()
    exchange?.abandon()
    this.#site.onClosed(this)
  }
}
