import type {DriverContext} from '@omni-cli/sdk'
import type {MultipassClient} from '../client/client.ts'
import type {MultipassSettings} from '../config.ts'
import type {Locks} from './locks.ts'
import type {RecordStore} from './records.ts'

/** What every part of the driver works with. */
export interface Driver {
  readonly client: MultipassClient
  readonly context: DriverContext
  readonly settings: MultipassSettings
  readonly records: RecordStore
  readonly locks: Locks
  /** Names that `launch` knows, asked once; undefined when it cannot tell them now. */
  readonly imageNames: (signal: AbortSignal | undefined) => Promise<ReadonlySet<string> | undefined>
  /** Of the program; undefined while it cannot be asked. */
  readonly version: string | undefined
}
