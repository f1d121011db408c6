import type {Logger} from '@omni-cli/sdk'
import type {RuntimeEvent} from '../runtime.ts'
import type {Adoptions} from './adoptions.ts'
import type {Book} from './book.ts'
import type {Engine} from './engine/engine.ts'
import type {Machine} from './machine.ts'
import type {Networks} from './networks.ts'
import type {Rooms} from './rooms.ts'

/** What the parts of the runtime share. */
export interface DockerContext {
  readonly engine: Engine
  /** Id of this server. */
  readonly owner: string
  readonly log: Logger
  readonly book: Book
  readonly adoptions: Adoptions
  readonly networks: Networks
  /** Of the services with `keep_network`. */
  readonly rooms: Rooms
  /** Facts about the Engine's machine; asked for once. */
  readonly machine: () => Promise<Machine>
  readonly emit: (event: RuntimeEvent) => void
  /** Names, ended containers and networks are put in order in the background. */
  readonly tidySoon: () => void
  /** Containers that are being created. */
  readonly creating: Set<Promise<unknown>>
}
