import {EDGE_BUCKETS, type EdgeVersionStats} from '../table.ts'

/** Routes of a version that are counted apart; what comes later counts as `*`. */
const MAX_ROUTES = 100

/**
 * Counters of one version of one service on one route; each attempt at a target counts, so a failed one shows even when
 * another target answered.
 */
export class VersionStats {
  readonly service: string
  readonly version: string
  readonly route: string
  inFlight = 0
  #routes: Map<string, VersionStats> | undefined
  #seconds = 0
  readonly #classes = [0, 0, 0, 0, 0, 0]
  /** One more than the bounds: the last is everything slower. */
  readonly #buckets = Array.from({length: EDGE_BUCKETS.length + 1}, () => 0)

  constructor(service: string, version: string, route = '*') {
    this.service = service
    this.version = version
    this.route = route
  }

  /** The counters of requests that came by another pattern than `*`. */
  onRoute(pattern: string): VersionStats {
    const found = this.#routes?.get(pattern)
    if (found !== undefined) return found
    this.#routes ??= new Map()
    if (this.#routes.size >= MAX_ROUTES) return this
    const stats = new VersionStats(this.service, this.version, pattern)
    this.#routes.set(pattern, stats)
    return stats
  }

  /** This one and those of the routes. */
  get all(): readonly VersionStats[] {
    return this.#routes === undefined ? [this] : [this, ...this.#routes.values()]
  }

  /** Notes an answer (its status) or, with 0, that there was none; `ms` from the request to the head of the answer. */
  observe(status: number, ms: number): void {
    const seconds = ms / 1000
    this.#seconds += seconds
    const statusClass = status >= 100 && status < 600 ? Math.trunc(status / 100) : 0
    this.#classes[statusClass] = (this.#classes[statusClass] ?? 0) + 1
    let index = 0
    while (index < EDGE_BUCKETS.length && seconds > (EDGE_BUCKETS[index] ?? 0)) index++
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1
  }

  snapshot(): EdgeVersionStats {
    let sum = 0
    const cumulative = this.#buckets.map((count) => {
      sum += count
      return sum
    })
    return {
      service: this.service,
      version: this.version,
      route: this.route,
      requests: sum,
      classes: [...this.#classes],
      buckets: cumulative.slice(0, EDGE_BUCKETS.length),
      seconds: this.#seconds,
      inFlight: this.inFlight,
    }
  }
}

/** Versions that no table names any more are kept up to this number, for a control plane that asks late. */
const MAX_RETIRED = 500

/** The counters of all versions. */
export class StatsBook {
  readonly #entries = new Map<string, VersionStats>()

  entry(service: string, version: string): VersionStats {
    const key = keyOf(service, version)
    const found = this.#entries.get(key) ?? new VersionStats(service, version)
    // Set again even when found: the map's order is the order of last use in a table.
    this.#entries.delete(key)
    this.#entries.set(key, found)
    return found
  }

  /** Forgets the oldest retired versions; `inUse` = versions of the table in force. */
  prune(inUse: number): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= inUse + MAX_RETIRED) return
      if (entry.all.every(({inFlight}) => inFlight === 0)) this.#entries.delete(key)
    }
  }

  snapshot(): EdgeVersionStats[] {
    return [...this.#entries.values()].flatMap(({all}) => all.map((stats) => stats.snapshot()))
  }
}

const keyOf = (service: string, version: string): string => JSON.stringify([service, version])
