import {connect, type Socket} from 'node:net'

/** A client that writes and sees every byte. */
export class RawClient {
  readonly socket: Socket
  received = ''
  isEnded = false
  isReset = false
  /** Resolves when the connection is gone, however it ended. */
  readonly closed: Promise<void>

  readonly #waiting = new Set<() => void>()

  /** Of a port of this machine, or a connection that is there. */
  constructor(to: number | Socket) {
    this.socket =
      typeof to === 'number' ? connect({port: to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true}) : to
    this.socket.setEncoding('latin1')
    this.socket.on('data', (chunk: string) => {
      this.received += chunk
      this.#wake()
    })
    this.socket.on('end', () => {
      this.isEnded = true
      this.#wake()
    })
    this.socket.on('error', () => {
      this.isReset = true
    })
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => {
        this.isEnded = true
        this.#wake()
        resolve()
      })
    })
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes as string, 'latin1')
  }

  /** Everything received so far, as soon as it satisfies the test. Rejects when the connection ends before. */
  async readUntil(test: string | ((received: string) => boolean)): Promise<string> {
    const isEnough = typeof test === 'string' ? () => this.received.includes(test) : () => test(this.received)
    while (!isEnough()) {
      if (this.isEnded) throw new Error(`ended after: ${JSON.stringify(this.received)}`)
      await this.#change()
    }
    return this.received
  }

  async readToEnd(): Promise<string> {
    while (!this.isEnded) await this.#change()
    return this.received
  }

  /** Forgets what came so far. */
  clear(): void {
    this.received = ''
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

/** The body of an answer. */
export const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4)

export const statusOf = (answer: string): number => Number(answer.slice(9, 12))
