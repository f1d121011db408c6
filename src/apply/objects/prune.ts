import {type CallOptions, mapLimit, type ObjectApi, type ObjectRef} from '@omni-cli/sdk'
import type {Operation} from '@omni-cli/sdk/engine'
import {inventoryKey, keepsInventory, readInventory} from './inventory.ts'
import {objectRef} from './refs.ts'

/** An object that an earlier apply made and that the files do not name any more. */
export interface Leftover {
  readonly ref: ObjectRef
  readonly plan: string
  readonly operation: Operation
}

/** What is left over of the plans and still there. */
export async function findLeftovers(
  api: ObjectApi,
  plans: readonly string[],
  wanted: readonly ObjectRef[],
  options: CallOptions,
): Promise<Leftover[]> {
  const named = new Set(wanted.map(inventoryKey))
  const inventories = await mapLimit(plans.filter(keepsInventory), 8, async (plan) => {
    const refs = await readInventory(api, plan, options)
    return refs.filter((ref) => !named.has(inventoryKey(ref))).map((ref) => ({plan, ref}))
  })
  const found = await mapLimit(inventories.flat(), 32, async ({plan, ref}) => {
    const kind = await api.findKind(wordOf(ref), options)
    const isThere = kind !== undefined && (await api.get(ref, options)) !== undefined
    return isThere ? [{plan, ref, operation: removal(ref, api.namespace)}] : []
  })
  return found.flat()
}

const wordOf = ({apiVersion, kind}: ObjectRef) =>
  apiVersion.includes('/') ? `${kind}.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : `${kind}.core`

function removal(ref: ObjectRef, home: string): Operation {
  const {apiVersion, kind, namespace = '', name} = ref
  return {
    id: `${apiVersion} ${kind} ${namespace} ${name}`,
    action: 'remove',
    ref: objectRef(ref, home),
    changes: [],
    dependsOn: [],
    reason: 'it is not in the files any more',
  }
}
