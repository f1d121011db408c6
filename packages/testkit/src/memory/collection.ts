import {type CallOptions, type Collection, type ListOptions, OmniError, type RemoveOptions} from '@omni-cli/sdk'

export interface MemoryCollectionOptions<Spec, State> {
  readonly kind: string
  nameOf(spec: Spec): string
  labelsOf(state: State): Readonly<Record<string, string>>
  /** The state of a new or updated thing. */
  observe(spec: Spec, before: State | undefined): State
}

/** A map that keeps the promises of `Collection`. `states` is the map itself, for tests that look inside. */
export function createMemoryCollection<Spec, State>(options: MemoryCollectionOptions<Spec, State>) {
  const states = new Map<string, State>()
  const found = (name: string): State => {
    const state = states.get(name)
    if (state === undefined) throw new OmniError('NOT_FOUND', `no ${options.kind} '${name}'`)
    return state
  }
  const collection: Required<Collection<Spec, State>> = {
    async list({labels = {}, signal}: ListOptions = {}) {
      signal?.throwIfAborted()
      const wanted = Object.entries(labels)
      return [...states.values()].filter((state) =>
        wanted.every(([key, value]) => options.labelsOf(state)[key] === value),
      )
    },
    async get(name: string, {signal}: CallOptions = {}) {
      signal?.throwIfAborted()
      return states.get(name)
    },
    async create(spec: Spec, {signal}: CallOptions = {}) {
      signal?.throwIfAborted()
      const name = options.nameOf(spec)
      if (states.has(name)) throw new OmniError('CONFLICT', `${options.kind} '${name}' exists already`)
      const state = options.observe(spec, undefined)
      states.set(name, state)
      return state
    },
    async update(name: string, spec: Spec, {signal}: CallOptions = {}) {
      signal?.throwIfAborted()
      const state = options.observe(spec, found(name))
      states.set(name, state)
      return state
    },
    async remove(name: string, {signal}: RemoveOptions = {}) {
      signal?.throwIfAborted()
      states.delete(name)
    },
  }
  return {collection, states, found}
}
