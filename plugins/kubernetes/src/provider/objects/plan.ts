import {
  type ApiObject,
  type ApplyObjectOptions,
  type CallOptions,
  isOmniError,
  mapLimit,
  type ObjectKind,
  type ObjectPlan,
  type ObjectRef,
} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {objectChanges} from './changes.ts'
import {conflictsIn} from './conflicts.ts'
import {type KnownKind, kindKey, kindsOf} from './kinds.ts'
import {isCertainlySame, ownFields} from './managed-fields.ts'
import {clearer} from './refusals.ts'
import {restartWarnings} from './restarts.ts'
import {sendable} from './sendable.ts'
import {isNamespace, needsOf, tierOf} from './tiers.ts'
import {isSame} from './values.ts'

/** Requests at once; the client bounds them further when the server is slow. */
const AT_ONCE = 32
/** A list of all is cheaper than this many single questions. */
const FEW = 2

interface Placed {
  readonly object: ApiObject
  readonly known: KnownKind | undefined
  readonly ref: ObjectRef
}

/** See `ObjectApi.plan`. One list a kind and namespace, then a dry run of each that may differ. */
export async function planObjects(
  client: KubeClient,
  objects: readonly ApiObject[],
  options: ApplyObjectOptions = {},
): Promise<readonly ObjectPlan[]> {
  const {signal} = options
  const known = await kindsOf(client, objects, {signal})
  const placed = objects.map((object): Placed => {
    const kind = known.get(kindKey(object))
    return {object, known: kind, ref: placedRef(object, kind?.kind, client.namespace)}
  })
  const live = await liveObjects(client, placed, {signal})
  const needs = needsOf(
    objects,
    placed.map(({ref}) => ref.namespace),
  )
  const missing = await missingNamespaces(client, placed, live, {signal})
  return mapLimit(placed, AT_ONCE, async (item, index) => ({
    ...(missing.has(item.ref.namespace ?? '')
      ? withoutNamespace(item.ref)
      : await planOne(client, item, live.get(refKey(item.ref)), options)),
    tier: tierOf(item.object),
    needs: needs[index] ?? [],
  }))
}

/** Where the object goes: its own namespace, else that of the context. */
export function placedRef(
  {apiVersion, kind, metadata}: ApiObject,
  found: ObjectKind | undefined,
  home: string,
): ObjectRef {
  const isPlaced = found?.namespaced ?? metadata.namespace !== undefined
  return {apiVersion, kind, ...(isPlaced ? {namespace: metadata.namespace ?? home} : {}), name: metadata.name}
}

const refKey = ({apiVersion, kind, namespace = '', name}: ObjectRef) => `${apiVersion} ${kind} ${namespace} ${name}`

async function liveObjects(
  client: KubeClient,
  placed: readonly Placed[],
  {signal}: ApplyObjectOptions,
): Promise<ReadonlyMap<string, ApiObject>> {
  const groups = Map.groupBy(
    placed.filter(({known}) => known?.isServed === true),
    ({ref}) => `${ref.apiVersion} ${ref.kind} ${ref.namespace ?? ''}`,
  )
  const found = await mapLimit([...groups.values()], AT_ONCE, async (group) => {
    const [first] = group
    const kind = first?.known?.kind
    if (first === undefined || kind === undefined) return []
    const one = (item: Placed) => client.get({kind, namespace: item.ref.namespace, name: item.ref.name}, {signal})
    const each = async () => (await mapLimit(group, AT_ONCE, one)).filter((object) => object !== undefined)
    if (group.length <= FEW) return each()
    const names = new Set(group.map(({ref}) => ref.name))
    try {
      const all = await client.list(kind, {namespace: first.ref.namespace, signal})
      return all.filter(({metadata}) => names.has(metadata.name))
    } catch (error) {
      // Who may read single objects may not be allowed to list them.
      if (isOmniError(error) && error.code === 'FORBIDDEN') return each()
      throw error
    }
  })
  const owners = [...groups.values()]
  return new Map(
    found.flatMap((objects, index) => {
      const ref = owners[index]?.[0]?.ref
      return objects.flatMap((object) =>
        ref === undefined ? [] : [[refKey({...ref, name: object.metadata.name}), withKind(object, ref)] as const],
      )
    }),
  )
}

/** Items of a list do not tell their kind. */
const withKind = (object: ApiObject, {apiVersion, kind}: ObjectRef): ApiObject => ({...object, apiVersion, kind})

/** Namespaces that are neither there nor in the list. Who may not look at namespaces hears it from the server. */
async function missingNamespaces(
  client: KubeClient,
  placed: readonly Placed[],
  live: ReadonlyMap<string, ApiObject>,
  options: CallOptions,
): Promise<ReadonlySet<string>> {
  const isNew = ({ref, known}: Placed) => known?.isServed === true && !live.has(refKey(ref))
  const wanted = new Set(placed.filter(isNew).flatMap(({ref}) => ref.namespace ?? []))
  for (const {metadata} of live.values()) wanted.delete(metadata.namespace ?? '')
  for (const {object} of placed) if (isNamespace(object)) wanted.delete(object.metadata.name)
  const kind = wanted.size === 0 ? undefined : await client.findKind({apiVersion: 'v1', kind: 'Namespace'}, options)
  if (kind === undefined) return new Set()
  const found = await mapLimit([...wanted], AT_ONCE, async (name) => {
    try {
      return (await client.get({kind, name}, options)) === undefined ? [name] : []
    } catch (error) {
      if (isOmniError(error) && error.code === 'FORBIDDEN') return []
      throw error
    }
  })
  return new Set(found.flat())
}

const withoutNamespace = (ref: ObjectRef): Judged => ({
  ...{ref, action: 'create', changes: [], warnings: [], conflicts: []},
  refusal: {
    code: 'INVALID',
    message: `there is no namespace '${ref.namespace}'`,
    hint: 'write a Namespace into the files, or see: omni get namespaces',
  },
})

type Judged = Omit<ObjectPlan, 'tier' | 'needs'>

async function planOne(
  client: KubeClient,
  {object, known, ref}: Placed,
  live: ApiObject | undefined,
  {force, signal}: ApplyObjectOptions,
): Promise<Judged> {
  const judged = (action: ObjectPlan['action'], more: Partial<Judged> = {}): Judged => ({
    ref,
    action,
    changes: [],
    warnings: [],
    conflicts: [],
    ...more,
  })
  if (known === undefined) {
    const message = `the server has no kind '${ref.kind}' in '${ref.apiVersion}'`
    return judged('create', {refusal: {code: 'UNSUPPORTED', message}})
  }
  if (live === undefined) return judged('create')
  const wanted = sendable(object, ref.namespace)
  if (isCertainlySame(wanted, live)) return judged('keep')
  try {
    return {...judged('update'), ...(await dryRun(client, {kind: known.kind, wanted, live}, {force, signal}))}
  } catch (error) {
    if (!isOmniError(error) || !REFUSALS.includes(error.code)) throw error
    const conflicts = error.code === 'CONFLICT' ? conflictsIn(error, wanted) : []
    if (conflicts.length === 0) return judged('update', {refusal: error.toJSON()})
    // What it would be if they were taken over.
    const taken = await dryRun(client, {kind: known.kind, wanted, live}, {force: true, signal})
    return judged('update', {changes: taken.changes, warnings: taken.warnings, conflicts})
  }
}

const REFUSALS: readonly string[] = ['CONFLICT', 'INVALID', 'FORBIDDEN', 'UNSUPPORTED']

interface Question {
  readonly kind: ObjectKind
  readonly wanted: ApiObject
  readonly live: ApiObject
}

/** The server's own answer, compared with what is there. */
async function dryRun(
  client: KubeClient,
  {kind, wanted, live}: Question,
  options: ApplyObjectOptions,
): Promise<Pick<ObjectPlan, 'action' | 'changes' | 'warnings'>> {
  const warnings: string[] = []
  const onWarning = (text: string) => warnings.push(text)
  const answer = await client.apply(kind, wanted, {...options, dryRun: true, onWarning}).catch((error: unknown) => {
    throw clearer(error, wanted)
  })
  const before = await asOfThen(client, {kind, wanted, live}, answer, options)
  const changes = objectChanges(before, answer)
  const isKept = changes.length === 0 && isSame(ownFields(before), ownFields(answer))
  warnings.push(...restartWarnings(live, changes), ...goingWarnings(live))
  return {action: isKept ? 'keep' : 'update', changes, warnings}
}

/** What the answer is to be compared with: somebody may have changed the object since it was read. */
async function asOfThen(
  client: KubeClient,
  {kind, wanted, live}: Question,
  answer: ApiObject,
  {signal}: ApplyObjectOptions,
): Promise<ApiObject> {
  if (answer.metadata.resourceVersion === live.metadata.resourceVersion) return live
  const {namespace, name} = wanted.metadata
  const now = await client.get({kind, namespace, name}, {signal})
  return now === undefined ? live : {...now, apiVersion: live.apiVersion, kind: live.kind}
}

const goingWarnings = ({metadata}: ApiObject): string[] =>
  metadata.deletionTimestamp === undefined ? [] : ['it is being deleted: what is applied to it goes with it']
