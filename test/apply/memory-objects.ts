import type {ApiObject, ObjectApi, ObjectKind, ObjectPlan, ObjectProblem, ObjectRef} from '@omni-cli/sdk'
import {OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {memorySession} from './memory-session.ts'

const KINDS = ['Namespace', 'ConfigMap', 'Service', 'Widget'].map(
  (kind): ObjectKind => ({
    group: kind === 'Widget' ? 'example.org' : '',
    version: 'v1',
    kind,
    plural: `${kind.toLowerCase()}s`,
    singular: kind.toLowerCase(),
    short: kind === 'ConfigMap' ? ['cm'] : [],
    namespaced: kind !== 'Namespace',
    verbs: [],
  }),
)

/** Objects in memory; `faults` refuses what has one of these names. */
export interface MemoryObjects extends ObjectApi {
  readonly objects: Map<string, ApiObject>
  /** Refs in the order they were applied. */
  readonly applied: string[]
  readonly faults: Map<string, OmniError>
  readonly found: ObjectProblem[]
  /** Names whose fields somebody else has set. */
  readonly foreign: Set<string>
}

const keyOf = (kind: string, name: string) => `${kind}/${name}`

type Store = Pick<MemoryObjects, 'objects' | 'foreign'>

function planned({objects, foreign}: Store, all: readonly ApiObject[], object: ApiObject): ObjectPlan {
  const {apiVersion, kind, metadata} = object
  const live = objects.get(keyOf(kind, metadata.name))
  const isSame = JSON.stringify(live?.data) === JSON.stringify(object.data)
  const needs = all.flatMap((one, index) =>
    one.kind === 'Namespace' && one.metadata.name === metadata.namespace ? [index] : [],
  )
  return {
    ref: {
      apiVersion,
      kind,
      ...(kind === 'Namespace' ? {} : {namespace: metadata.namespace ?? 'default'}),
      name: metadata.name,
    },
    action: live === undefined ? 'create' : isSame ? 'keep' : 'update',
    changes: live === undefined || isSame ? [] : [{path: 'data', from: live.data, to: object.data, by: 'kubectl'}],
    warnings: [],
    conflicts: foreign.has(metadata.name) ? [{path: ['data', 'a'], manager: 'kubectl'}] : [],
    tier: kind === 'Namespace' ? 0 : 1,
    needs,
  }
}

export function memoryObjects(): MemoryObjects {
  const objects = new Map<string, ApiObject>()
  const applied: string[] = []
  const faults = new Map<string, OmniError>()
  const found: ObjectProblem[] = []
  const foreign = new Set<string>()
  return {
    ...{objects, applied, faults, found, foreign, name: 'memory', namespace: 'default'},
    check: async () => ({ok: true}),
    kinds: async () => KINDS,
    findKind: async (word) => {
      const plain = word.toLowerCase().replace(/\.(core|example\.org)$/, '')
      return KINDS.find(({plural, singular, short}) => [plural, singular, ...short].includes(plain))
    },
    list: async ({kind}, {fields} = {}) => ({
      columns: [
        {header: 'Name', priority: 0},
        {header: 'Data', priority: 1},
      ],
      rows: [...objects.values()]
        .filter(
          (object) =>
            object.kind === kind && (fields === undefined || fields === `metadata.name=${object.metadata.name}`),
        )
        .map((object) => ({cells: [object.metadata.name, 1], object})),
    }),
    async *watch() {
      // Nothing changes by itself.
    },
    get: async ({kind, name}: ObjectRef) => objects.get(keyOf(kind, name)),
    problems: async () => found,
    plan: async (all, {force = false} = {}) =>
      all.map((object) => planned({objects, foreign: force ? new Set<string>() : foreign}, all, object)),
    async apply(object) {
      const {kind, metadata} = object
      const fault = faults.get(metadata.name)
      if (fault !== undefined) throw fault
      objects.set(keyOf(kind, metadata.name), object)
      applied.push(keyOf(kind, metadata.name))
      return object
    },
    remove: async ({kind, name}) => {
      objects.delete(keyOf(kind, name))
    },
    dependants: async (refs) =>
      refs.map(({name}) => (name === 'used' ? [{apiVersion: 'apps/v1', kind: 'Deployment', name: 'web'}] : [])),
    exported: async ({apiVersion, kind, metadata: {name}, data}) => ({apiVersion, kind, metadata: {name}, data}),
  }
}

/** A session in a context with a cluster that has these objects, and nothing else. */
export function objectSession(api: ObjectApi): Session & Disposable {
  const session = memorySession({})
  return {
    ...session,
    context: {name: 'cluster', cluster: 'memory'},
    contributions: [
      {kind: 'object', id: 'memory', title: '', plugin: '', module: '', priority: 0, requires: 'cluster'},
    ],
    async open(kind) {
      if (kind !== 'object') throw new OmniError('UNAVAILABLE', `no plugin supplies a ${kind} provider`)
      return api as never
    },
    [Symbol.dispose]: () => session[Symbol.dispose](),
  }
}
