import {once} from 'node:events'
import type {EdgeListener} from '../table.ts'
import type {Door} from './door.ts'

/** A port that should be open. */
export interface WantedDoor {
  /** Undefined = the shared listener. */
  readonly service: string | undefined
  readonly bind: string
  /** 0 = any free one (it stays the same while the table asks for 0). */
  readonly port: number
  readonly protocol: 'http' | 'https' | 'tcp'
  readonly open: () => Door
}

/** The listening ports: opens what is wanted, closes what is not, leaves the rest alone. */
export class Doors {
  #open = new Map<string, Door>()
  readonly #closing = new Set<Door>()

  /** Closes the doors that nobody wants. */
  closeOthers(wanted: readonly WantedDoor[]): void {
    const keys = new Set(wanted.map(keyOf))
    for (const [key, door] of this.#open) {
      if (keys.has(key)) continue
      this.#open.delete(key)
      this.#closing.add(door)
      door.close()
    }
  }

  /** Opens what is missing; a port that cannot be had is reported, not thrown. */
  openAll(wanted: readonly WantedDoor[]): Promise<EdgeListener[]> {
    const claimed = new Set<string>()
    return Promise.all(
      wanted.map((wish) => {
        const claim = `${wish.bind}|${wish.port}`
        const isTaken = wish.port !== 0 && claimed.has(claim)
        claimed.add(claim)
        return isTaken ? failed(wish, 'EADDRINUSE') : this.#openOne(wish)
      }),
    )
  }

  /** Resolves when every connection through closed doors has ended, or after the time: then they are broken. */
  async drain(drainMs: number): Promise<void> {
    const deadline = performance.now() + drainMs
    while (this.connectionCount > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    for (const door of this.#closing) door.destroy()
  }

  get connectionCount(): number {
    let count = 0
    for (const door of this.#all()) count += door.connectionCount
    return count
  }

  sweep(now: number): void {
    for (const door of this.#all()) door.sweep(now)
    for (const door of this.#closing) if (door.connectionCount === 0) this.#closing.delete(door)
  }

  *#all(): Iterable<Door> {
    yield* this.#open.values()
    yield* this.#closing
  }

  async #openOne(wish: WantedDoor): Promise<EdgeListener> {
    const door = this.#open.get(keyOf(wish))
    if (door !== undefined) return listenerOf(wish, door)
    const fresh = wish.open()
    try {
      fresh.server.listen({host: wish.bind, port: wish.port, backlog: 1_024})
      await once(fresh.server, 'listening')
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'EINVAL'
      return failed(wish, code)
    }
    fresh.server.on('error', ignoreAcceptError)
    this.#open.set(keyOf(wish), fresh)
    return listenerOf(wish, fresh)
  }
}

const keyOf = (wanted: WantedDoor): string =>
  [wanted.protocol, wanted.bind, wanted.port, wanted.service ?? ''].join('|')

const failed = (wish: WantedDoor, error: string): EdgeListener => ({
  service: wish.service,
  bind: wish.bind,
  port: wish.port,
  ...(wish.protocol === 'https' ? {isTls: true} : {}),
  error,
})

function listenerOf(wish: WantedDoor, door: Door): EdgeListener {
  const address = door.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : wish.port
  return {service: wish.service, bind: wish.bind, port, ...(wish.protocol === 'https' ? {isTls: true} : {})}
}

/** Out of descriptors for one client; the next may fit again. */
const ignoreAcceptError = (): void => undefined
