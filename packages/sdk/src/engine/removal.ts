import type {ObservedThing} from './kinds.ts'
import {type Operation, PLAN_LABEL, type Wanted} from './operation.ts'
import {topologicalOrder} from './order.ts'

/** Owned by one of the plans, and not wanted. */
export const prunable = (
  things: ReadonlyMap<string, ObservedThing>,
  refs: ReadonlySet<string>,
  plans: readonly string[],
): ObservedThing[] =>
  [...things.values()].filter(({ref, labels}) => !refs.has(ref) && plans.includes(labels[PLAN_LABEL] ?? ''))

/** Kinds of things that may use one of this kind without saying so. */
const USERS: Readonly<Record<string, readonly string[]>> = {
  network: ['instance', 'profile'],
  profile: ['instance'],
}

const kindOf = (ref: string) => ref.slice(0, ref.indexOf('/'))

export interface Removable {
  readonly ref: string
  /** Refs, or names of services. */
  readonly dependsOn: readonly string[]
}

/** Which of the things must go before this one. */
const dependantsOf = (ref: string, things: readonly Removable[]): string[] =>
  things
    .filter(
      (other) =>
        other.ref !== ref &&
        (other.dependsOn.includes(ref) ||
          other.dependsOn.some((name) => `service/${name}` === ref) ||
          USERS[kindOf(ref)]?.includes(kindOf(other.ref)) === true),
    )
    .map((other) => other.ref)

/**
 * Removals come last, dependants before what they need, so that a failed create removes nothing. One that holds a port
 * which something new wants must go first.
 */
export function withRemovals(
  steps: readonly {readonly operation: Operation; readonly send: Wanted}[],
  removed: readonly ObservedThing[],
): Operation[] {
  const operations = steps.map(({operation}) => operation)
  if (removed.length === 0) return operations
  const early = new Set<string>()
  const holderOf = (send: Wanted) =>
    removed.find(({hostPort}) => hostPort !== undefined && send.kind === 'service' && send.spec.host_port === hostPort)
  const markEarly = (ref: string): void => {
    if (early.has(ref)) return
    early.add(ref)
    for (const dependant of dependantsOf(ref, removed)) markEarly(dependant)
  }
  const changed = steps.map(({operation, send}) => {
    const holder = operation.action === 'keep' ? undefined : holderOf(send)
    if (holder === undefined) return operation
    markEarly(holder.ref)
    return {...operation, dependsOn: [...operation.dependsOn, holder.ref]}
  })
  const others = operations.filter(({action}) => action !== 'keep').map(({id}) => id)
  const removals = removed.map(({ref}): Operation => {
    const dependsOn = [...dependantsOf(ref, removed), ...(early.has(ref) ? [] : others)]
    return {id: ref, action: 'remove', ref, changes: [], dependsOn, reason: 'it is not in the plan any more'}
  })
  return [...changed, ...removals]
}

/** Operations that remove the things, dependants before what they need; networks and profiles after what may use them. */
export function buildRemoval(things: readonly Removable[]): Operation[] {
  const operations = things.map(({ref}): Operation => {
    const dependsOn = dependantsOf(ref, things)
    return {id: ref, action: 'remove', ref, changes: [], dependsOn, reason: 'asked for'}
  })
  return topologicalOrder(operations)
}
