/** Options of every call that waits. An aborted signal rejects before any side effect. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** Short notes for a person ("pulling image", "waiting for readiness"); never a result. */
  readonly onProgress?: ((note: string) => void) | undefined
}

export interface ListOptions extends CallOptions {
  /** Every pair must be equal on the listed thing. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Default: the one of the context, where the driver has one; else all. */
  readonly project?: string | undefined
  /** All projects (namespaces), whatever the context says. */
  readonly allProjects?: boolean | undefined
  /**
   * What is asked for each (addresses, memory in use, number of snapshots) may be left out, where that makes the answer
   * faster. Default false.
   */
  readonly brief?: boolean | undefined
}

export interface RemoveOptions extends CallOptions {
  /** Also remove data (volumes, snapshots) that `remove` keeps by default. */
  readonly purge?: boolean | undefined
}

/**
 * What every kind of thing can do. Spec = wanted, State = observed.
 *
 * - `list` is one request where the backend allows it.
 * - `get` of an absent name is `undefined`, not an error.
 * - `create` of an existing name is CONFLICT. After it resolves, reading back shows no difference to the spec.
 * - Without `update` the planner replaces (remove, then create).
 * - `remove` is idempotent: removing an absent thing succeeds.
 */
export interface Collection<Spec, State> {
  list(options?: ListOptions): Promise<State[]>
  get(name: string, options?: CallOptions): Promise<State | undefined>
  create(spec: Spec, options?: CallOptions): Promise<State>
  update?(name: string, spec: Spec, options?: CallOptions): Promise<State>
  remove(name: string, options?: RemoveOptions): Promise<void>
}

/** Answer of `check()`: reachable? which version? what should the user do? */
export interface Health {
  readonly ok: boolean
  /** Version of the backend, when it told us. */
  readonly version?: string | undefined
  /** Why it is not ok, or a remark. */
  readonly message?: string | undefined
  /** A command that fixes it. */
  readonly hint?: string | undefined
}
