import {type CallOptions, type ObjectApi, type ObjectRef, OmniError} from '@omni-cli/sdk'
import type {Progress, Session} from '@omni-cli/sdk/cli'
import type {ApplyResult, Manifest, Operation, Plan} from '@omni-cli/sdk/engine'
import {applyObjects} from './apply-objects.ts'
import {hasObjects} from './has-objects.ts'
import {inventoryKey, isNoPlace, keepsInventory, readInventory, writeInventory} from './inventory.ts'
import {type PlannedObjects, planObjects} from './plan-objects.ts'
import {findLeftovers, type Leftover} from './prune.ts'
import {showObjectEvents} from './show-objects.ts'

/** The part of a plan that is about Kubernetes objects. */
export interface ObjectLane extends PlannedObjects {
  readonly api: ObjectApi
  readonly force: boolean
  readonly leftovers: readonly Leftover[]
}

export interface LaneOptions extends CallOptions {
  readonly prune?: boolean | undefined
  readonly forceConflicts?: boolean | undefined
  /** Show conflicts as notes, as `diff` does. */
  readonly toleratesConflicts?: boolean | undefined
}

/** Plans the objects of the files. Undefined when there are none, nor any that an earlier apply may have left. */
export async function planLane(
  session: Session,
  manifest: Manifest,
  options: LaneOptions,
): Promise<ObjectLane | undefined> {
  const {prune = false, forceConflicts: force = false, toleratesConflicts, signal} = options
  const {objects = [], plans} = manifest
  const isLooked = objects.length > 0 || (prune && hasObjects(session))
  if (!isLooked) return undefined
  const api = await openApi(session)
  const planned = await planObjects(api, manifest, {force, toleratesConflicts, signal})
  const refs = planned.steps.map(({operation}) => idRef(operation.id))
  const leftovers = prune ? await findLeftovers(api, plans, refs, {signal}) : []
  return {...planned, api, force, leftovers}
}

async function openApi(session: Session): Promise<ObjectApi> {
  if (hasObjects(session)) return session.open('object')
  throw new OmniError(
    'UNSUPPORTED',
    `Kubernetes objects need a cluster, which context '${session.context.name}' does not have`,
    {
      hint: 'omni cluster connect',
    },
  )
}

/** The operations in the order they are carried out. */
export const laneOperations = ({steps, leftovers}: ObjectLane): Operation[] => [
  ...steps.toSorted((a, b) => a.tier - b.tier).map(({operation}) => operation),
  ...leftovers.map(({operation}) => operation),
]

const changes = ({action}: Operation) => action !== 'keep'

/** One plan of objects and everything else. */
export const joinedPlan = (lane: ObjectLane | undefined, plan: Plan | undefined): Plan => ({
  operations: [...(lane === undefined ? [] : laneOperations(lane)), ...(plan?.operations ?? [])],
  wanted: plan?.wanted ?? new Map(),
  notes: [...(lane?.notes ?? []), ...(plan?.notes ?? [])],
  secrets: plan?.secrets,
})

export interface RunLaneOptions extends CallOptions {
  readonly concurrency?: number | undefined
  readonly progress: () => Promise<Progress>
  readonly notice?: ((text: string) => void) | undefined
}

/** Applies the objects, then removes what is left over. What is made is noted before, so that it can be found again. */
export async function runLane(lane: ObjectLane, options: RunLaneOptions): Promise<ApplyResult> {
  const {api, steps, force, leftovers} = lane
  const {concurrency, signal, notice} = options
  const onEvent = showObjectEvents(await options.progress(), laneOperations(lane).filter(changes).length)
  const remember = async () => {
    try {
      await noteMade(lane, {signal})
      return true
    } catch (error) {
      if (!isNoPlace(error)) throw error
      return false
    }
  }
  const isNoted = await remember()
  const applied = await applyObjects(api, steps, {force, concurrency, signal, onEvent})
  // Its namespace may have been among what was applied.
  if (!isNoted && signal?.aborted !== true && !(await remember())) {
    notice?.(`note: what was made could not be noted in namespace '${api.namespace}'; --prune will not find it`)
  }
  const isWhole = applied.failed.length === 0 && !applied.isAborted
  if (leftovers.length === 0 || !isWhole) return withLeft(applied, isWhole ? [] : leftovers)
  return removeLeftovers(lane, applied, {...options, onEvent})
}

const withLeft = (result: ApplyResult, leftovers: readonly Leftover[]): ApplyResult => ({
  ...result,
  skipped: [
    ...result.skipped,
    ...leftovers.map(({operation}) => ({operation, reason: 'what was to be applied before did not succeed'})),
  ],
})

async function noteMade({api, steps}: ObjectLane, options: CallOptions): Promise<void> {
  for (const [plan, own] of Map.groupBy(steps, ({written}) => written.plan)) {
    if (!keepsInventory(plan)) continue
    const before = await readInventory(api, plan, options)
    const refs = own.map(({operation}) => idRef(operation.id))
    const known = new Set(before.map(inventoryKey))
    if (refs.every((ref) => known.has(inventoryKey(ref)))) continue
    const all = new Map([...before, ...refs].map((ref) => [inventoryKey(ref), ref]))
    await writeInventory(api, plan, [...all.values()], options)
  }
}

/** Ids are made of what names an object. */
function idRef(id: string): ObjectRef {
  const [apiVersion = '', kind = '', namespace = '', name = ''] = id.split(' ')
  return {apiVersion, kind, ...(namespace === '' ? {} : {namespace}), name}
}

async function removeLeftovers(
  {api, steps, leftovers}: ObjectLane,
  applied: ApplyResult,
  options: RunLaneOptions & {readonly onEvent: ReturnType<typeof showObjectEvents>},
): Promise<ApplyResult> {
  const {applyPlan} = await import('@omni-cli/sdk/engine')
  const {signal, onEvent} = options
  const byId = new Map(leftovers.map((leftover) => [leftover.operation.id, leftover]))
  const operations = leftovers.map(({operation}) => operation)
  const refs = new Map(operations.map(({ref, id}) => [ref, id]))
  const removed = await applyPlan(
    {operations, wanted: new Map()},
    {},
    {
      signal,
      onEvent,
      concurrency: 16,
      remove: async (ref, call) => {
        const leftover = byId.get(refs.get(ref) ?? '')
        if (leftover !== undefined) await api.remove(leftover.ref, call)
      },
    },
  )
  const kept = new Set(removed.done.map(({id}) => id))
  for (const plan of new Set(leftovers.map((leftover) => leftover.plan))) {
    const own = steps.filter(({written}) => written.plan === plan).map(({operation}) => idRef(operation.id))
    const left = leftovers.filter((one) => one.plan === plan && !kept.has(one.operation.id)).map(({ref}) => ref)
    await writeInventory(api, plan, [...own, ...left], {signal})
  }
  return joinedResult(applied, removed)
}

export const joinedResult = (first: ApplyResult, second: ApplyResult): ApplyResult => ({
  done: [...first.done, ...second.done],
  failed: [...first.failed, ...second.failed],
  skipped: [...first.skipped, ...second.skipped],
  kept: [...first.kept, ...second.kept],
  copies: second.copies ?? first.copies,
  isAborted: first.isAborted || second.isAborted,
})
