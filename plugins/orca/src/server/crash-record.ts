import type {ExitInfo, ServiceFailure} from '@omni-cli/sdk'
import {type AfterCrash, afterCrash, type Crash, type RestartTiming} from './backoff.ts'

/** How often one replica has ended, and what follows from that. */
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
