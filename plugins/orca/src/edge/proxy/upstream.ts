import type {Backend} from './backend.ts'
import type {VersionStats} from './version-stats.ts'

/** A target as requests see it. */
export interface Target {
  readonly backend: Backend
  readonly weight: number
  readonly stats: VersionStats
}

/** A service and where its requests go. The object lives as long as the service: requests under way see new targets when they try again. */
export class Upstream {
  readonly service: string
  #turns: Turn[] = []

  constructor(service: string) {
    this.service = service
  }

  /** Takes effect for the next pick. The same targets again go on where they were in their round. */
  replace(targets: readonly Target[]): void {
    const before = this.#turns
    const turns = targets.filter((target) => target.weight > 0).map((target) => ({target, credit: 0}))
    const isSame =
      turns.length === before.length && turns.every(({target}, index) => isEqual(target, before[index]?.target))
    this.#turns = isSame ? turns.map(({target}, index) => ({target, credit: before[index]?.credit ?? 0})) : turns
  }

  get hasTargets(): boolean {
    return this.#turns.length > 0
  }

  /**
   * The next target by smooth weighted round robin: exact shares over a full round, evenly mixed; equal weights take turns.
   * Targets that failed lately are left out while there are others; those in `tried` always.
   */
  pick(now: number, tried: ReadonlySet<Backend> | undefined): Target | undefined {
    return (
      this.#take((target) => !tried?.has(target.backend) && target.backend.isAvailable(now)) ??
      this.#take((target) => !tried?.has(target.backend))
    )
  }

  #take(isCandidate: (target: Target) => boolean): Target | undefined {
    let best: Turn | undefined
    let total = 0
    for (const turn of this.#turns) {
      if (!isCandidate(turn.target)) continue
      turn.credit += turn.target.weight
      total += turn.target.weight
      if (best === undefined || turn.credit > best.credit) best = turn
    }
    if (best !== undefined) best.credit -= total
    return best?.target
  }
}

const isEqual = (a: Target, b: Target | undefined): boolean => a.backend === b?.backend && a.weight === b.weight

interface Turn {
  readonly target: Target
  credit: number
}
