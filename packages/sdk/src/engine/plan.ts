import {diffSpecs} from './diff.ts'
import {
  changedHashes,
  isMutable,
  LABEL_FIELDS,
  mergedSpec,
  type ObservedThing,
  observedInstance,
  observedService,
  type PlannerTraits,
  SHARED,
  withOwner,
} from './kinds.ts'
import type {Manifest, Resource} from './manifest/load.ts'
import {problemsError} from './manifest/problem.ts'
import {type Change, type Observed, type Operation, PLAN_LABEL, type Plan, refOf, type Wanted} from './operation.ts'
import {topologicalOrder} from './order.ts'

export interface PlanOptions {
  /** Also remove what belongs to one of the manifest's plans and is not in it any more. */
  readonly prune?: boolean | undefined
  /** Facts about the drivers that will apply the plan. */
  readonly traits?: PlannerTraits | undefined
}

/**
 * What must be done so that the observed becomes the wanted. Pure.
 * MANIFEST_INVALID for a dependency that is nowhere, and for a cycle.
 */
export function buildPlan(manifest: Manifest, observed: Observed, options: PlanOptions = {}): Plan {
  const wanted = manifest.resources.filter((resource) => resource.kind !== 'profile')
  const things = new Map(
    [...(observed.service ?? []).map(observedService), ...(observed.instance ?? []).map(observedInstance)].map(
      (thing) => [thing.ref, thing],
    ),
  )
  const refs = new Set(wanted.map(refOf))
  checkDependencies(wanted, (ref) => refs.has(ref) || things.has(ref))
  const steps = wanted.map((resource) => planOne(resource, things.get(refOf(resource)), refs, options.traits ?? {}))
  const removed = options.prune === true ? prunable(things, refs, manifest.plans) : []
  return {
    operations: topologicalOrder(withRemovals(steps, removed)),
    wanted: new Map(steps.map(({operation, send}) => [operation.id, send])),
    notes: notesOf(manifest.resources),
  }
}

/** The wanted things in the order they are made. MANIFEST_INVALID for a cycle; names that are not there are passed over. */
export function orderResources({resources}: Manifest): Wanted[] {
  const wanted = new Map(resources.filter((resource) => resource.kind !== 'profile').map((one) => [refOf(one), one]))
  const nodes = [...wanted].map(([id, one]) => ({id, one, dependsOn: dependenciesOf(one, (ref) => wanted.has(ref))}))
  return topologicalOrder(nodes).map(({one}) => one)
}

interface Step {
  readonly operation: Operation
  readonly send: Wanted
}

function planOne(
  wanted: Wanted,
  thing: ObservedThing | undefined,
  refs: ReadonlySet<string>,
  traits: PlannerTraits,
): Step {
  const ref = refOf(wanted)
  const dependsOn = dependenciesOf(wanted, (candidate) => refs.has(candidate))
  const keepsLabels = traits[wanted.kind]?.labels ?? true
  const step = (
    action: Operation['action'],
    reason: string,
    details: {readonly changes?: readonly Change[]; readonly send?: Wanted} = {},
  ): Step => {
    const send = details.send ?? wanted
    const operation = {id: ref, action, ref, changes: details.changes ?? [], dependsOn, reason}
    return {operation, send: keepsLabels ? withOwner(send) : send}
  }
  if (thing === undefined) return step('create', 'it does not exist')

  const owner = thing.labels[PLAN_LABEL]
  const labelField = LABEL_FIELDS[wanted.kind]
  const changes = changesOf(wanted, thing)
  if (keepsLabels && owner !== undefined && owner !== wanted.plan) {
    changes.push({path: `${labelField}.${PLAN_LABEL}`, from: owner, to: wanted.plan})
  }
  // A machine and its data are never given up for a label.
  const possible = changes.filter(
    ({path}) => fieldOf(path) !== labelField || isMutable(wanted.kind, labelField, traits),
  )
  const send = mergedSpec(wanted, thing, owner !== undefined)
  const fixed = [...new Set(possible.map(({path}) => fieldOf(path)))].filter(
    (field) => !isMutable(wanted.kind, field, traits),
  )
  if (fixed.length > 0) {
    const reason = `${fixed.join(', ')} cannot be changed in place; its data are lost`
    return step('replace', reason, {changes: possible, send})
  }
  if (possible.length > 0) {
    const reason = possible.length === 1 ? 'one field differs' : `${possible.length} fields differ`
    return step('update', reason, {changes: possible, send})
  }
  if (thing.isUnborn) return step('update', 'no version of it has ever been ready', {send})
  if (thing.down !== undefined) return step('start', thing.down, {send})
  const reason = changes.length > 0 ? 'only labels differ, which this driver cannot change' : 'nothing differs'
  return step('keep', reason, {send})
}

const fieldOf = (path: string) => path.split('.')[0] ?? path

function changesOf(wanted: Wanted, thing: ObservedThing): Change[] {
  // A machine reports what it has, also what nobody declared.
  const isOwned = wanted.kind === 'service' && thing.labels[PLAN_LABEL] !== undefined
  const changes = diffSpecs({
    spec: wanted.spec,
    written: wanted.written,
    observed: thing.fields,
    isOwned,
    shared: SHARED[wanted.kind],
    hidesUnreadable: wanted.kind === 'instance',
  })
  const hidden = changedHashes(wanted, thing.labels).map((path) => ({path, from: '(as applied)', to: '(changed)'}))
  return [...changes, ...hidden]
}

/** A name means the same kind first, then any other. */
function dependenciesOf(resource: Wanted, has: (ref: string) => boolean): string[] {
  const names = resource.spec.depends_on ?? []
  const kinds = [resource.kind, ...(['instance', 'service'] as const).filter((kind) => kind !== resource.kind)]
  const declared = names.flatMap((name) => kinds.map((kind) => `${kind}/${name}`).find(has) ?? [])
  const node = resource.kind === 'service' ? resource.spec.placement?.node : undefined
  const implied = node !== undefined && has(`instance/${node}`) ? [`instance/${node}`] : []
  return [...new Set([...declared, ...implied])]
}

function checkDependencies(wanted: readonly Wanted[], has: (ref: string) => boolean): void {
  const problems = wanted.flatMap((resource) =>
    (resource.spec.depends_on ?? [])
      .filter((name) => !has(`service/${name}`) && !has(`instance/${name}`))
      .map((name) => ({
        ...resource.origin,
        message: `${resource.kind} '${resource.name}' depends on '${name}', which is neither in the files nor running`,
      })),
  )
  if (problems.length > 0) throw problemsError(problems)
}

/** Owned by one of the plans, and not wanted. */
const prunable = (
  things: ReadonlyMap<string, ObservedThing>,
  refs: ReadonlySet<string>,
  plans: readonly string[],
): ObservedThing[] =>
  [...things.values()].filter(({ref, labels}) => !refs.has(ref) && plans.includes(labels[PLAN_LABEL] ?? ''))

/**
 * Removals come last, dependants before what they need, so that a failed create removes nothing. One that holds a port
 * which something new wants must go first.
 */
function withRemovals(steps: readonly Step[], removed: readonly ObservedThing[]): Operation[] {
  const operations = steps.map(({operation}) => operation)
  if (removed.length === 0) return operations
  const gone = new Map(removed.map((thing) => [thing.ref, thing]))
  const dependants = (ref: string) =>
    removed.filter(({dependsOn}) => dependsOn.some((name) => `service/${name}` === ref)).map((thing) => thing.ref)
  const early = new Set<string>()
  const holderOf = (send: Wanted) =>
    removed.find(({hostPort}) => hostPort !== undefined && send.kind === 'service' && send.spec.host_port === hostPort)
  const markEarly = (ref: string): void => {
    if (early.has(ref)) return
    early.add(ref)
    for (const dependant of dependants(ref)) markEarly(dependant)
  }
  const changed = steps.map(({operation, send}) => {
    const holder = operation.action === 'keep' ? undefined : holderOf(send)
    if (holder === undefined) return operation
    markEarly(holder.ref)
    return {...operation, dependsOn: [...operation.dependsOn, holder.ref]}
  })
  const others = operations.filter(({action}) => action !== 'keep').map(({id}) => id)
  const removals = [...gone.keys()].map((ref): Operation => {
    const dependsOn = [...dependants(ref), ...(early.has(ref) ? [] : others)]
    return {id: ref, action: 'remove', ref, changes: [], dependsOn, reason: 'it is not in the plan any more'}
  })
  return [...changed, ...removals]
}

const notesOf = (resources: readonly Resource[]): string[] => {
  const profiles = resources.filter(({kind}) => kind === 'profile').map(({name}) => `'${name}'`)
  return profiles.length === 0 ? [] : [`profiles are not applied by this driver: ${profiles.join(', ')}`]
}

/** Operations that remove the things, dependants before what they need. */
export function buildRemoval(
  things: readonly {readonly ref: string; readonly dependsOn: readonly string[]}[],
): Operation[] {
  const operations = things.map(({ref}): Operation => {
    const dependants = things.filter((other) => other.ref !== ref && other.dependsOn.includes(ref))
    const dependsOn = dependants.map((dependant) => dependant.ref)
    return {id: ref, action: 'remove', ref, changes: [], dependsOn, reason: 'asked for'}
  })
  return topologicalOrder(operations)
}
