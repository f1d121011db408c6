import type {EdgePin} from '../table.ts'
import type {Backend} from './backend.ts'
import {type PinWish, pinLine, pinWish} from './pins.ts'
import type {VersionStats} from './version-stats.ts'

/** A target as requests see it. */
export interface Target {
  readonly backend: Backend
  readonly weight: number
  readonly stats: VersionStats
  readonly pin?: string | undefined
}

/** Where a request wants to go. */
export interface PinChoice {
  /** Known name of targets. */
  readonly pin: string | undefined
  /** Its cookie names targets that are there. */
  readonly hasCookie: boolean
}

/** A service and where its requests go. The object lives as long as the service: requests under way see new targets when they try again. */
export class Upstream {
  readonly service: string
  /** How requests name their targets; undefined = they cannot. */
  pin: EdgePin | undefined
  #turns: Turn[] = []
  /** All targets with a name, those of weight 0 too. */
  #pinned: ReadonlyMap<string, Turn[]> = new Map()

  constructor(service: string) {
    this.service = service
  }

  /** Takes effect for the next pick. The same targets again go on where they were in their round. */
  replace(targets: readonly Target[], pin?: EdgePin): void {
    const before = this.#turns
    const turns = targets
      .filter((target) => target.weight > 0)
      .map((target) => ({target, credit: 0, share: target.weight}))
    const isSame =
      turns.length === before.length && turns.every(({target}, index) => isEqual(target, before[index]?.target))
    this.#turns = isSame ? turns.map((turn, index) => ({...turn, credit: before[index]?.credit ?? 0})) : turns
    this.pin = pin
    this.#pinned = pin === undefined ? new Map() : byPin(targets)
  }

  get hasTargets(): boolean {
    return this.#turns.length > 0
  }

  /** What the field lines of a request ask for; names that no target has count as nothing. Only with `pin`. */
  choose(kept: string, pin: EdgePin): PinChoice {
    const wish: PinWish = pinWish(kept, pin)
    const cookie = wish.cookies.find((name) => this.#pinned.has(name))
    const named = wish.named !== undefined && this.#pinned.has(wish.named) ? wish.named : undefined
    return {pin: named ?? cookie, hasCookie: cookie !== undefined}
  }

  /** The line that keeps a client without a valid cookie where it is now; empty when it needs none. */
  stickyLine(choice: PinChoice, pin: string | undefined, isHttps: boolean): string {
    const {cookie, isSticky} = this.pin ?? {}
    if (choice.hasCookie || pin === undefined || cookie === undefined || isSticky !== true) return ''
    return pinLine(cookie, pin, isHttps)
  }

  /**
   * The next target by smooth weighted round robin: exact shares over a full round, evenly mixed; equal weights take turns.
   * Targets that failed lately are left out while there are others; those in `tried` always. With a pin its targets come
   * first, equally; the others are asked when none of them is there or fit.
   */
  pick(now: number, tried: ReadonlySet<Backend> | undefined, pin?: string): Target | undefined {
    const pinned = pin === undefined ? undefined : this.#pinned.get(pin)
    const isFit = (target: Target) => !tried?.has(target.backend) && target.backend.isAvailable(now)
    const isUntried = (target: Target) => !tried?.has(target.backend)
    if (pinned === undefined) return take(this.#turns, isFit) ?? take(this.#turns, isUntried)
    return take(pinned, isFit) ?? take(this.#turns, isFit) ?? take(pinned, isUntried) ?? take(this.#turns, isUntried)
  }
}

function take(turns: readonly Turn[], isCandidate: (target: Target) => boolean): Target | undefined {
  let best: Turn | undefined
  let total = 0
  for (const turn of turns) {
    if (!isCandidate(turn.target)) continue
    turn.credit += turn.share
    total += turn.share
    if (best === undefined || turn.credit > best.credit) best = turn
  }
  if (best !== undefined) best.credit -= total
  return best?.target
}

function byPin(targets: readonly Target[]): ReadonlyMap<string, Turn[]> {
  const pinned = new Map<string, Turn[]>()
  for (const target of targets) {
    if (target.pin === undefined) continue
    const turns = pinned.get(target.pin) ?? []
    turns.push({target, credit: 0, share: 1})
    pinned.set(target.pin, turns)
  }
  return pinned
}

const isEqual = (a: Target, b: Target | undefined): boolean => a.backend === b?.backend && a.weight === b.weight

interface Turn {
  readonly target: Target
  readonly share: number
  credit: number
}
