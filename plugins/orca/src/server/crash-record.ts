import type {ExitInfo, ServiceFailure} from '@omni-cli/sdk'
import {type AfterCrash, afterCrash, type Crash, type RestartTiming, restartDelayMs} from './backoff.ts'

/** How often one replica has failed, and what follows from that. A successor that takes its place goes on with it. */
export class CrashRecord {
  readonly #timing: RestartTiming
  #crashes = 0
  restarts = 0
  lastExit: ExitInfo | undefined
  /** Why it cannot be kept alive, until it has run well for a while. */
  failure: ServiceFailure | undefined

  constructor(timing: RestartTiming) {
    this.#timing = timing
  }

  decide(crash: Omit<Crash, 'crashes'>): AfterCrash {
    return afterCrash({...crash, crashes: this.#crashes}, this.#timing)
  }

  /** Wait before a successor takes the place of one that does not end by itself. */
  nextDelayMs(): number {
    return restartDelayMs(this.#crashes, this.#timing)
  }

  /**
   * Keeps why it failed, when that `isLasting`: at once, and again when its last lines are there. Resolves with the whole
   * explanation.
   */
  async explain(
    failure: (lastLines: readonly string[]) => ServiceFailure,
    lines: Promise<readonly string[]>,
    isLasting: boolean,
  ): Promise<ServiceFailure> {
    if (isLasting) this.failure = failure([])
    const shown = this.failure
    const whole = failure(await lines)
    if (shown !== undefined && this.failure === shown) this.failure = whole
    return whole
  }

  countRestart(): void {
    this.#crashes++
    this.restarts++
  }

  /** It has run long enough: counting starts anew. */
  forgive(): void {
    this.#crashes = 0
    this.failure = undefined
  }
}
