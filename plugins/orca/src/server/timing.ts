import type {RestartTiming} from './backoff.ts'
import type {GateTiming} from './probes/gate.ts'

/** All waits of the orchestrator in one place; tests shorten them. */
export interface Timing extends GateTiming, RestartTiming {
  /** Readings of the runtime are shared for this long. */
  readonly statsMs: number
  /** Wait before something that could not be done is tried again. */
  readonly mendMs: number
  /** How often the edge process is looked after. */
  readonly edgeCheckMs: number
  /** How often canaries that decide by themselves are measured. */
  readonly canaryMs: number
  /** How often the load of services with replicas = "auto" is measured. */
  readonly autoscaleMs: number
  /** Readings in a row that ask for more replicas before there are more. */
  readonly scaleUpReadings: number
  /** How long the load must ask for fewer replicas before there are fewer. */
  readonly scaleDownMs: number
}

export const defaultTiming: Timing = {
  firstPollMs: 20,
  lastPollMs: 250,
  aliveMs: 1000,
  trialMs: 2000,
  steadyMs: 300,
  backoffBaseMs: 100,
  backoffMaxMs: 30_000,
  goodRunMs: 60_000,
  startCrashes: 2,
  statsMs: 1000,
  mendMs: 1000,
  edgeCheckMs: 5000,
  canaryMs: 1000,
  autoscaleMs: 5000,
  scaleUpReadings: 2,
  scaleDownMs: 60_000,
}
