import type {Entry} from '../../../logs/json-file.ts'

const KEPT = 10_000

/**
 * Times of the entries that were read last. An Engine that is followed while it rotates a file, or that is asked again,
 * tells some entries twice. In nanoseconds no two of a container have the same time, but for the pieces of a long line.
 */
export class RecentTimes {
  readonly #times = new Set<string>()
  readonly #unfinished = new Map<Entry['stream'], string>()
  #last: string | undefined

  /** Of the newest entry. */
  get last(): string | undefined {
    return this.#last
  }

  /** What comes next is no piece of what came before. */
  restart(): void {
    this.#unfinished.clear()
  }

  /** False when it was there before. */
  add({time, stream, text}: Entry): boolean {
    const isPiece = this.#unfinished.get(stream) === time
    if (this.#times.has(time) && !isPiece) return false
    if (text.endsWith('\n')) this.#unfinished.delete(stream)
    else this.#unfinished.set(stream, time)
    this.#times.add(time)
    if (this.#last === undefined || time > this.#last) this.#last = time
    const [oldest] = this.#times.size > KEPT ? this.#times : []
    if (oldest !== undefined) this.#times.delete(oldest)
    return true
  }
}
