import type {Api} from './api.ts'
import type {Bench} from './bench.ts'

export type CheckGroup =
  | 'wire'
  | 'access'
  | 'deploy'
  | 'scale and stop'
  | 'projects'
  | 'canary'
  | 'rollback'
  | 'logs'
  | 'healing'
  | 'webhooks'
  | 'cluster'
  | 'proxy'
  | 'secrets'
  | 'guide'

/** What a check needs of the server or of the options; without it the check is skipped, and says so. */
export type Need =
  /** An app that obeys its environment, see `Workload`. */
  | 'app'
  /** The address of the proxy. */
  | 'proxy'
  /** Containers: limits of memory, images. */
  | 'containers'
  /** Routes that only this project's server has. */
  | 'omni'
  /** Tokens of other roles can be made. */
  | 'tokens'

export interface CheckContext {
  readonly api: Api
  /** Services of this check, with names of their own; all are removed at its end. */
  readonly bench: Bench
  /** Tokens by role, made once. */
  readonly tokens: {readonly admin: string | undefined; readonly deployer: string; readonly viewer: string}
  /** `http://127.0.0.1:8080`. */
  readonly proxy: URL
}

/** One promise of Orca's API, its tests or its guide. */
export interface ConformanceCheck {
  readonly group: CheckGroup
  /** What holds, as a sentence. */
  readonly name: string
  readonly needs?: readonly Need[] | undefined
  /** Throws when the promise is not kept. */
  run(context: CheckContext): Promise<void>
}

export interface ConformanceResult {
  readonly group: CheckGroup
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Why it was skipped, or what was not as promised. */
  readonly reason?: string | undefined
  readonly durationMs: number
}
