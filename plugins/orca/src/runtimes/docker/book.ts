import type {ExitInfo} from '@omni-cli/sdk'
import type {Identity} from './labels.ts'

/** What is remembered of a container, so that lists and events need no further question. */
export interface Entry {
  readonly id: string
  /** Its details are not known (any more). */
  isStale: boolean
  identity: Identity
  startedAt: string
  address: string | undefined
  pid: number | undefined
  /** File of its output, on the Engine's machine. */
  logPath: string | undefined
  /** Set while it does not run. */
  exit: ExitInfo | undefined
  /** Listeners know that it has ended. */
  isTold: boolean
  /** We ended it: nothing of it is worth keeping. */
  wasStopped: boolean
  /** Its end was dealt with: it is kept for its logs alone. */
  isForgotten: boolean
  /** Signals that the Engine has sent to it. */
  readonly signals: Set<number>
  ranOutOfMemory: boolean
  /** Its memory has no limit, so that it cannot run out of that. False as long as it is not known. */
  isUnlimited: boolean
}

/** By id. */
export class Book {
  readonly entries = new Map<string, Entry>()
  /** Names that are in use, as far as we know, by id. */
  readonly names = new Map<string, string>()
  /** Names of containers that are being made. */
  readonly making = new Set<string>()

  open(id: string, identity: Identity): Entry {
    const known = this.entries.get(id)
    if (known !== undefined) {
      known.identity = identity
      return known
    }
    const entry: Entry = {
      ...{id, identity, startedAt: '', address: undefined, pid: undefined, logPath: undefined, exit: undefined},
      ...{
        isStale: true,
        isTold: false,
        wasStopped: false,
        isForgotten: false,
        signals: new Set<number>(),
        ranOutOfMemory: false,
        isUnlimited: false,
      },
    }
    this.entries.set(id, entry)
    return entry
  }

  isTaken(name: string): boolean {
    return this.making.has(name) || this.names.values().some((used) => used === name)
  }

  drop(id: string): void {
    this.entries.delete(id)
    this.names.delete(id)
  }

  /** Everything may have changed: details are asked for again. What we did is still known. */
  doubt(): void {
    for (const entry of this.entries.values()) entry.isStale = true
  }
}
