/** For how long a counter has stood still. */
export class Stillness {
  #count = -1
  #since = 0

  /** Milliseconds since the call that first saw this count; 0 when it has changed. */
  lastedMs(count: number, now: number): number {
    if (count === this.#count) return now - this.#since
    this.#count = count
    this.#since = now
    return 0
  }
}
