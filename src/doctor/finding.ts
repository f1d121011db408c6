import type {Interfaces} from '@oclif/core'
import type {Session} from '@omni-cli/sdk/cli'

/** What one check found. */
export interface Finding {
  /** What was looked at: `configuration`, `plugin acme`. */
  readonly subject: string
  readonly status: 'ok' | 'warning' | 'error' | 'fixed'
  readonly message: string
  /** The command, or the act, that puts it right. */
  readonly fix?: string | undefined
  /** Puts it right; only where that can lose nothing. */
  readonly repair?: (() => Promise<void>) | undefined
}

/** Everything a check may look at. */
export interface Patient {
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly config: Interfaces.Config
  /** Rejects when the configuration is wrong. */
  readonly session: () => Promise<Session>
  readonly signal: AbortSignal
}

export type Check = (patient: Patient) => Promise<readonly Finding[]>

export const fine = (subject: string, message: string): Finding => ({subject, status: 'ok', message})
