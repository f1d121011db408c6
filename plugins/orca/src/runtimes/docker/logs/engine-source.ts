import {setTimeout as delay} from 'node:timers/promises'
import type {LogLine} from '@omni-cli/sdk'
import type {LineSource, LogReader, ReadStart} from '../../../logs/source.ts'
import type {Engine} from '../engine/engine.ts'
import {isRefusal} from '../engine/failure.ts'
import {readEngineLines} from './engine-lines.ts'

export interface EngineSourceOptions {
  readonly id: string
  readonly replica: string
  /** Whether it runs, as far as is known now. */
  readonly isRunning: () => boolean
}

/** Time for what was written before, so that it is merged with that of others. */
const FIRST_MS = 300
/** Between two openings of a log that ends at once. */
const REOPEN_MS = 1_000

/** The log of a container through the Engine's API. */
export const engineSource = (engine: Engine, options: EngineSourceOptions): LineSource => ({
  key: options.id,
  replica: options.replica,
  open: (start, tell) => new EngineReader(engine, options, {start, tell}),
})

interface Reading {
  readonly start: ReadStart
  readonly tell: () => void
}

type Piece = IteratorResult<LogLine[], unknown>

class EngineReader implements LogReader {
  readonly #engine: Engine
  readonly #options: EngineSourceOptions
  readonly #reading: Reading
  readonly #closing = new AbortController()
  #lines: AsyncGenerator<LogLine[]> | undefined
  #pending: Promise<Piece> | undefined
  #openedAt = Number.NEGATIVE_INFINITY
  #after: string | undefined

  constructor(engine: Engine, options: EngineSourceOptions, reading: Reading) {
    this.#engine = engine
    this.#options = options
    this.#reading = reading
  }

  async next(): Promise<LogLine[] | undefined> {
    const isFollowing = this.#reading.start.follow === true
    if (this.#lines === undefined && !this.#open()) return undefined
    this.#pending ??= this.#ask()
    const patience = performance.now() - this.#openedAt < FIRST_MS ? FIRST_MS : 0
    const piece = await (isFollowing ? Promise.race([this.#pending, delay(patience)]) : this.#pending)
    if (piece === undefined) {
      this.#pending.then(this.#reading.tell, this.#reading.tell)
      return undefined
    }
    this.#pending = undefined
    if (piece.done !== true) return piece.value
    this.#lines = undefined
    return undefined
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#pending?.catch(() => undefined)
    await this.#lines?.return(undefined).catch(() => undefined)
  }

  /** The Engine ends the answer with the container, which may run again later. */
  #open(): boolean {
    const isFirst = this.#openedAt === Number.NEGATIVE_INFINITY
    const {start} = this.#reading
    if (!isFirst) {
      const isEarly = performance.now() - this.#openedAt < REOPEN_MS
      if (start.follow !== true || isEarly || !this.#options.isRunning()) return false
    }
    this.#openedAt = performance.now()
    this.#lines = readEngineLines(this.#engine, {
      ...start,
      id: this.#options.id,
      replica: this.#options.replica,
      after: this.#after,
      signal: this.#closing.signal,
      onTime: (time) => {
        this.#after = time
      },
    })
    return true
  }

  /** A container that is gone has no more lines. */
  async #ask(): Promise<Piece> {
    try {
      return (await this.#lines?.next()) ?? {done: true, value: undefined}
    } catch (error) {
      if (isRefusal(error, 404, 409) || this.#closing.signal.aborted) return {done: true, value: undefined}
      throw error
    }
  }
}
