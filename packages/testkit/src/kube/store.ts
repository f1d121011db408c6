import {BUILT_IN_KINDS, type ServedKind, storeOf} from './kinds.ts'
import {type KubeObject, keyOf} from './objects.ts'

export interface StoreEvent {
  readonly version: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly store: string
  readonly object: KubeObject
  readonly before?: KubeObject | undefined
}

/** Objects by kind and name, and what has happened to them. Objects that were put are never changed, only replaced. */
export class Store {
  kinds: readonly ServedKind[] = BUILT_IN_KINDS
  readonly #tables = new Map<string, Map<string, KubeObject>>()
  readonly #listeners = new Set<(event: StoreEvent) => void>()
  #events: StoreEvent[] = []
  #oldest = 0
  #version = 100

  /** The resource version of the last change. */
  get version(): number {
    return this.#version
  }

  kind(group: string, version: string, plural: string): ServedKind | undefined {
    return this.kinds.find((kind) => kind.plural === plural && kind.group === group && kind.version === version)
  }

  kindOf({apiVersion, kind}: Pick<KubeObject, 'apiVersion' | 'kind'>): ServedKind | undefined {
    return this.kinds.find(
      (one) => one.kind === kind && (one.group ? `${one.group}/` : '') + one.version === apiVersion,
    )
  }

  /** By namespace and name. */
  list(store: string): KubeObject[] {
    const found = [...(this.#tables.get(store) ?? new Map<string, KubeObject>())]
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object)
  }

  get(store: string, key: string): KubeObject | undefined {
    return this.#tables.get(store)?.get(key)
  }

  all(): {readonly kind: ServedKind; readonly object: KubeObject}[] {
    const seen = new Map(this.kinds.map((kind) => [storeOf(kind), kind]))
    return [...seen].flatMap(([store, kind]) => this.list(store).map((object) => ({kind, object})))
  }

  put(kind: ServedKind, object: KubeObject): KubeObject {
    const store = storeOf(kind)
    const table = this.#tables.get(store) ?? new Map<string, KubeObject>()
    this.#tables.set(store, table)
    const before = table.get(keyOf(object.metadata))
    const version = ++this.#version
    const put = {...object, metadata: {...object.metadata, resourceVersion: String(version)}}
    table.set(keyOf(put.metadata), put)
    this.#tell({version, type: before === undefined ? 'ADDED' : 'MODIFIED', store, object: put, before})
    return put
  }

  remove(kind: ServedKind, key: string): void {
    const before = this.get(storeOf(kind), key)
    if (before === undefined) return
    this.#tables.get(storeOf(kind))?.delete(key)
    const version = ++this.#version
    const object = {...before, metadata: {...before.metadata, resourceVersion: String(version)}}
    this.#tell({version, type: 'DELETED', store: storeOf(kind), object, before})
  }

  /** What happened after a version; undefined when that is forgotten. */
  since(version: number): readonly StoreEvent[] | undefined {
    if (version < this.#oldest) return undefined
    return this.#events.filter((event) => event.version > version)
  }

  /** Forgets all that has happened: watches from old versions get 410. */
  compact(): void {
    this.#oldest = ++this.#version
    this.#events = []
  }

  /** Told every change, in their order. */
  listen(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(event: StoreEvent): void {
    this.#events.push(event)
    for (const listener of this.#listeners) listener(event)
  }
}
