import type {ObjectApi, ObjectKind, ObjectRef} from '@omni-cli/sdk'
import {objectWord} from '../apply/objects/refs.ts'
import type {AnyKind, OpenKind} from './kind.ts'

/** One object as a thing of the verbs that work on all kinds; its name holds a namespace that is not the usual one. */
export interface ObjectThing {
  readonly kind: AnyKind
  readonly name: string
  readonly state: {readonly name: string}
  readonly open: OpenKind
}

export function objectThing(
  api: ObjectApi,
  kind: Pick<ObjectKind, 'kind' | 'group' | 'plural'>,
  ref: ObjectRef,
): ObjectThing {
  const isElsewhere = ref.namespace !== undefined && ref.namespace !== api.namespace
  const name = isElsewhere ? `${ref.namespace}/${ref.name}` : ref.name
  const state = {name}
  const open: OpenKind = {
    driver: api.name,
    list: async () => [state],
    get: async (_, options) => ((await api.get(ref, options)) === undefined ? undefined : state),
    remove: (_, {purge: __, ...call}) => api.remove(ref, call),
    describe: undefined,
    events: undefined,
  }
  return {
    name,
    state,
    open,
    kind: {
      kind: objectWord(kind),
      plural: kind.plural,
      short: [],
      contract: 'object',
      columns: [{header: 'NAME', value: (thing) => thing.name}],
      lines: (thing) => [thing.name],
      canRemove: true,
      open: async () => open,
    },
  }
}
