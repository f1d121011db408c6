import type {Server} from 'node:net'

/** A listening port: can be closed without breaking what goes through it. */
export interface Door {
  readonly server: Server
  readonly connectionCount: number
  /** No new connections; idle ones are closed, the others end after their current request. */
  close(): void
  /** Breaks what is left. */
  destroy(): void
  /** Ends what took too long. */
  sweep(now: number): void
}
