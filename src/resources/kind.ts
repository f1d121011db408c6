import type {CallOptions, EventFacet, ListOptions, ProviderKind, ProviderKinds, RemoveOptions} from '@omni-cli/sdk'
import type {Column, Session, TextLine} from '@omni-cli/sdk/cli'

export interface Named {
  readonly name: string
}

/** Everything the CLI knows about one kind of thing. JSON output is the plain state. */
export interface Kind<State extends Named = Named, Contract extends ProviderKind = ProviderKind> {
  readonly kind: string
  readonly plural: string
  readonly short: readonly string[]
  /** Which driver serves it. */
  readonly contract: Contract
  /** A name alone never means one of these. */
  readonly needsKind?: boolean | undefined
  /** Those with `wide` only in the wide table. */
  readonly columns: readonly Column<State>[]
  /** Those for rows like these, where it depends on them; undefined: `columns`. */
  columnsFor?(rows: readonly State[]): readonly Column<State>[] | undefined
  list(driver: ProviderKinds[Contract], options: ListOptions): Promise<readonly State[]>
  get(driver: ProviderKinds[Contract], name: string, options: CallOptions): Promise<State | undefined>
  /** Absent: things of this kind come and go by themselves. */
  remove?(driver: ProviderKinds[Contract], name: string, options: RemoveOptions): Promise<void>
  /** What `describe` asks in addition to the state. Absent: nothing. */
  describe?(driver: ProviderKinds[Contract], state: State, options: CallOptions): Promise<State>
  /** For `describe`. */
  lines(state: State): readonly TextLine[]
  /** As it may be printed; default: as it is. */
  withoutSecrets?(state: State): State
  /** Absent: things of this kind belong to no project. */
  projectOf?(state: State): string | undefined
  labelsOf?(state: State): Readonly<Record<string, string>>
  /** Changes when a watcher wants to see the row again; default: everything but figures that never rest. */
  changeKey?(state: State): string
  /** Tells when something changes. Absent: the list is polled. */
  events?(driver: ProviderKinds[Contract]): EventFacet | undefined
}

/** A kind with its state and contract forgotten, so that kinds fit in one list. */
export interface AnyKind extends Omit<Kind, 'list' | 'get' | 'remove' | 'describe' | 'events'> {
  open(session: Session): Promise<OpenKind>
  readonly canRemove: boolean
}

/** A kind together with the driver that serves it here. */
export interface OpenKind {
  /** Name of the driver. */
  readonly driver: string
  list(options: ListOptions): Promise<readonly Named[]>
  get(name: string, options: CallOptions): Promise<Named | undefined>
  remove(name: string, options: RemoveOptions): Promise<void>
  /** The thing with more than its state; undefined when it is gone. Absent: there is no more. */
  readonly describe: ((name: string, options: CallOptions) => Promise<Named | undefined>) | undefined
  readonly events: EventFacet | undefined
}

/** Types a kind, and ties its functions to the driver of its contract. */
export function defineKind<State extends Named, Contract extends ProviderKind>(
  definition: Kind<State, Contract>,
): AnyKind {
  const {contract, list, get, remove, describe, events, ...rest} = definition
  return {
    ...rest,
    contract,
    canRemove: remove !== undefined,
    async open(session) {
      const driver = await session.open(contract)
      return {
        driver: driver.name,
        list: (options) => list(driver, options),
        get: (name, options) => get(driver, name, options),
        remove: async (name, options) => remove?.(driver, name, options),
        describe:
          describe &&
          (async (name, options) => {
            const state = await get(driver, name, options)
            return state && describe(driver, state, options)
          }),
        events: events?.(driver),
      }
    },
  }
}
