import {BackendConnection, type BackendUser} from './backend-connection.ts'
import type {EdgeTimeouts} from './timeouts.ts'

/** Idle connections kept per address. */
const MAX_IDLE = 256

/** Idle time after which a connection is not used again, unless the backend announces another; common servers close after 5 s. */
const DEFAULT_IDLE_MS = 4_000
const LONGEST_IDLE_MS = 60_000

/** A dying target breaks many requests at once; one report says it. */
const REPORT_EVERY_MS = 100

export interface BackendContext {
  readonly timeouts: EdgeTimeouts
  readonly onTargetFailure: (address: string) => void
}

/** One address: its idle connections, its health as the traffic shows it, and what is under way at it. */
export class Backend {
  readonly address: string
  readonly host: string
  readonly port: number
  readonly #context: BackendContext
  /** Youngest last. */
  #idle: BackendConnection[] = []
  readonly #waiting = new Set<() => void>()
  #inFlight = 0
  #isRetired = false
  #ejectedUntil = 0
  #reportedAt = Number.NEGATIVE_INFINITY

  constructor(address: string, context: BackendContext) {
    const colon = address.lastIndexOf(':')
    this.address = address
    this.host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
    this.port = Number(address.slice(colon + 1))
    this.#context = context
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get isRetired(): boolean {
    return this.#isRetired
  }

  /** False for a while after a failure; then the first request is the probe and the others wait for its outcome. */
  isAvailable(now: number): boolean {
    return this.#ejectedUntil <= now
  }

  begin(now: number): void {
    this.#inFlight++
    if (this.#ejectedUntil > 0) this.#ejectedUntil = Math.max(this.#ejectedUntil, now + this.#context.timeouts.ejectMs)
  }

  end(): void {
    if (--this.#inFlight > 0) return
    for (const resolve of this.#waiting) resolve()
  }

  succeeded(): void {
    this.#ejectedUntil = 0
  }

  /** A connection was refused or broke; `eject` = no requests for a while. */
  failed(now: number, eject: boolean): void {
    if (eject) this.#ejectedUntil = now + this.#context.timeouts.ejectMs
    if (now - this.#reportedAt < REPORT_EVERY_MS) return
    this.#reportedAt = now
    this.#context.onTargetFailure(this.address)
  }

  /** The connection used last, when that was less than `maxIdleMs` ago. */
  takeIdle(now: number, maxIdleMs: number): BackendConnection | undefined {
    const youngest = this.#idle.at(-1)
    if (youngest === undefined || now - youngest.idleSince >= Math.min(maxIdleMs, youngest.maxIdleMs)) return undefined
    return this.#idle.pop()
  }

  connect(user: BackendUser): BackendConnection {
    return new BackendConnection(this, user, this.#context.timeouts.connectMs)
  }

  /** Takes a reusable connection back; `keepAliveSeconds` as the backend announced it. */
  release(connection: BackendConnection, now: number, keepAliveSeconds: number | undefined): void {
    if (this.#isRetired || this.#idle.length >= MAX_IDLE) {
      connection.destroy()
      return
    }
    // A second less than announced, so that our request does not cross with the backend's close.
    const announcedMs = keepAliveSeconds === undefined ? DEFAULT_IDLE_MS : (keepAliveSeconds - 1) * 1000
    connection.markIdle(now, Math.min(announcedMs, LONGEST_IDLE_MS))
    this.#idle.push(connection)
  }

  /** An idle connection was closed by the other side. */
  forget(connection: BackendConnection): void {
    this.#idle = this.#idle.filter((candidate) => candidate !== connection)
  }

  /** No table names the address any more: idle connections go at once, the others when they are done. */
  retire(): void {
    this.#isRetired = true
    this.#closeIdle(() => true)
  }

  revive(): void {
    this.#isRetired = false
  }

  /** Closes connections that were idle too long. */
  sweep(now: number): void {
    if (this.#idle.length > 0) this.#closeIdle((connection) => now - connection.idleSince >= connection.maxIdleMs)
  }

  /** Resolves true when nothing is under way, false after the timeout. */
  drained(timeoutMs: number): Promise<boolean> {
    if (this.#inFlight === 0) return Promise.resolve(true)
    return new Promise((resolve) => {
      const finish = (isDrained: boolean) => {
        clearTimeout(timer)
        this.#waiting.delete(succeed)
        resolve(isDrained)
      }
      const succeed = () => finish(true)
      const timer = setTimeout(() => finish(false), timeoutMs)
      this.#waiting.add(succeed)
    })
  }

  #closeIdle(isOver: (connection: BackendConnection) => boolean): void {
    const before = this.#idle
    this.#idle = before.filter((connection) => !isOver(connection))
    if (this.#idle.length === before.length) return
    for (const connection of before) if (!this.#idle.includes(connection)) connection.destroy()
  }
}
