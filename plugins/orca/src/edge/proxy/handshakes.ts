import type {Socket} from 'node:net'
import {createServer, type Server, type TLSSocket} from 'node:tls'
import {Refusal} from '../http/refusal.ts'
import type {Certificates} from './certificates.ts'
import {beginsTls, readClientHello} from './client-hello.ts'
import {ignoreError} from './ignore-error.ts'
import {ownAnswerText} from './own-answer.ts'
import type {EdgeTimeouts} from './timeouts.ts'

export interface HandshakeContext {
  readonly certificates: Certificates
  readonly timeouts: EdgeTimeouts
  readonly nextRequestId: () => string
}

/** A fatal alert: unrecognized_name. */
const UNRECOGNIZED_NAME = Buffer.from([21, 3, 3, 0, 2, 2, 112])

/** One record may be so long, and a name must be in the first. */
const MAX_HELLO_BYTES = 16_384 + 5

/** New connections until TLS is spoken on them. Each has `headMs` for its first message, and once more for the rest. */
export class Handshakes {
  readonly #context: HandshakeContext
  readonly #server: Server
  /** Connections that have not said their first words, or are on their way out; by the time they may take. */
  readonly #early = new Map<Socket, number>()

  constructor(context: HandshakeContext, onSecure: (socket: TLSSocket) => void) {
    this.#context = context
    this.#server = createServer(
      {
        minVersion: 'TLSv1.2',
        ALPNProtocols: ['http/1.1'],
        handshakeTimeout: context.timeouts.headMs,
        SNICallback: (name, done) => done(null, context.certificates.context(name)),
      },
      onSecure,
    )
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy())
  }

  begin(socket: Socket): void {
    this.#early.set(socket, performance.now() + this.#context.timeouts.headMs)
    socket.on('close', () => this.#early.delete(socket))
    socket.on('error', ignoreError)
    socket.on('end', () => {
      if (this.#early.has(socket)) socket.destroy()
    })
    this.#awaitHello(socket, undefined)
  }

  sweep(now: number): void {
    for (const [socket, deadline] of this.#early) if (now >= deadline) socket.destroy()
  }

  destroy(): void {
    for (const socket of this.#early.keys()) socket.destroy()
  }

  #awaitHello(socket: Socket, before: Buffer | undefined): void {
    socket.once('readable', () => {
      const chunk: Buffer | null = socket.read()
      if (chunk === null) this.#awaitHello(socket, before)
      else this.#read(socket, before === undefined ? chunk : Buffer.concat([before, chunk]))
    })
  }

  #read(socket: Socket, bytes: Buffer): void {
    const hello = readClientHello(bytes)
    if (!beginsTls(bytes[0])) this.#end(socket, this.#plainAnswer())
    else if (hello === 'more' && bytes.length < MAX_HELLO_BYTES) this.#awaitHello(socket, bytes)
    else if (typeof hello === 'object' && !this.#isKnown(hello.serverName)) this.#end(socket, UNRECOGNIZED_NAME)
    else this.#handOver(socket, bytes)
  }

  #isKnown(serverName: string | undefined): boolean {
    return serverName !== undefined && this.#context.certificates.context(serverName) !== undefined
  }

  #handOver(socket: Socket, bytes: Buffer): void {
    this.#early.delete(socket)
    socket.unshift(bytes)
    this.#server.emit('connection', socket)
  }

  /** Says the last words and waits a little for the client to take them. */
  #end(socket: Socket, words: Buffer): void {
    this.#early.set(socket, performance.now() + this.#context.timeouts.lingerMs)
    socket.end(words)
    socket.resume()
  }

  #plainAnswer(): Buffer {
    const refusal = new Refusal(400, 'this port speaks HTTPS: ask with https://')
    const requestId = this.#context.nextRequestId()
    return Buffer.from(ownAnswerText({refusal, requestId, keep: false, minor: 1, withBody: true}), 'latin1')
  }
}
