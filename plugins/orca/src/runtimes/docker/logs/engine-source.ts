import {setTimeout as delay} from 'node:timers/promises'
import type {LogLine} from '@omni-cli/sdk'
import {z} from 'zod'
import type {Entry} from '../../../logs/json-file.ts'
import type {LineSource, LogReader, ReadStart} from '../../../logs/source.ts'
import type {Engine} from '../engine/engine.ts'
import {isRefusal} from '../engine/failure.ts'
import {readEngineLines} from './engine-lines.ts'
import {RecentTimes} from './recent-times.ts'

/** Time for what was written before, so that it is merged with that of others. */
const FIRST_MS = 300
/** Between two looks at a container that has ended. */
const LOOK_MS = 1_000

const inspected = z.object({
  Config: z.object({Tty: z.boolean()}),
  State: z.object({Running: z.boolean(), StartedAt: z.string()}),
})

/** The log of a container through the Engine's API. */
export const engineSource = (engine: Engine, {id, replica}: {readonly id: string; readonly replica: string}) =>
  ({
    key: id,
    replica,
    open: (start, tell) => new EngineReader({engine, id, replica, start, tell}),
  }) satisfies LineSource

interface Reading {
  readonly engine: Engine
  readonly id: string
  readonly replica: string
  readonly start: ReadStart
  readonly tell: () => void
}

type Piece = IteratorResult<LogLine[], unknown>

const END: Piece = {done: true, value: undefined}

class EngineReader implements LogReader {
  readonly #reading: Reading
  readonly #closing = new AbortController()
  readonly #times = new RecentTimes()
  #lines: AsyncGenerator<LogLine[]> | undefined
  #pending: Promise<Piece> | undefined
  #lookedAt = Number.NEGATIVE_INFINITY
  /** Which run of the container was read. */
  #startedAt: string | undefined

  constructor(reading: Reading) {
    this.#reading = reading
  }

  async next(): Promise<LogLine[] | undefined> {
    const {start, tell} = this.#reading
    const patience = this.#startedAt === undefined ? FIRST_MS : 0
    this.#pending ??= this.#ask()
    const piece = await (start.follow === true ? Promise.race([this.#pending, delay(patience)]) : this.#pending)
    if (piece === undefined) {
      this.#pending.then(tell, tell)
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

  /** A container that is gone has no more lines. */
  async #ask(): Promise<Piece> {
    try {
      this.#lines ??= await this.#open()
      return (await this.#lines?.next()) ?? END
    } catch (error) {
      if (isRefusal(error, 404, 409) || this.#closing.signal.aborted) return END
      throw error
    }
  }

  /** The Engine ends the answer with the container, which may run again later: undefined while it does not. */
  async #open(): Promise<AsyncGenerator<LogLine[]> | undefined> {
    const {engine, id, replica, start} = this.#reading
    const isFirst = this.#startedAt === undefined
    if (!isFirst && (start.follow !== true || performance.now() - this.#lookedAt < LOOK_MS)) return undefined
    this.#lookedAt = performance.now()
    const {signal} = this.#closing
    const answer = await engine.call('GET', `/containers/${encodeURIComponent(id)}/json`, {signal})
    const {Config: config, State: state} = inspected.parse(answer)
    if (!state.Running && state.StartedAt === this.#startedAt) return undefined
    this.#startedAt = state.StartedAt
    this.#times.restart()
    const isNew = (entry: Entry) => this.#times.add(entry)
    return readEngineLines(engine, {
      ...{...start, id, replica, signal, isNew},
      hasTerminal: config.Tty,
      after: this.#times.last,
    })
  }
}
