import {redact} from '../io/redact.ts'
import {changesOf} from './changes.ts'
import {type Costs, costOf, fieldOf, largestCost} from './costs.ts'
import {checkDependencies, dependenciesOf} from './dependencies.ts'
import {
  mergedSpec,
  type ObservedThing,
  observedInstance,
  observedNetwork,
  observedProfile,
  observedService,
  type PlannerTraits,
} from './kinds.ts'
import type {Manifest} from './manifest/load.ts'
import {type FoundProblem, problemsError} from './manifest/problem.ts'
import {locate} from './manifest/resource.ts'
import {
  type Action,
  type Change,
  type Observed,
  type Operation,
  PLAN_LABEL,
  type Plan,
  refOf,
  type Wanted,
} from './operation.ts'
import {topologicalOrder} from './order.ts'
import {LABEL_FIELDS, withOwner} from './owner.ts'
import {prunable, withRemovals} from './removal.ts'

export interface PlanOptions {
  /** Also remove what belongs to one of the manifest's plans and is not in it any more. */
  readonly prune?: boolean | undefined
  /** Take over machines, profiles and networks that were not made by this plan. Default: they are a problem where they differ. */
  readonly adopt?: boolean | undefined
  /** Facts about the drivers that will apply the plan. */
  readonly traits?: PlannerTraits | undefined
  /** What changes cost is asked later, of this plan: nothing is refused for it yet. */
  readonly isProvisional?: boolean | undefined
  /** What the driver has said that changes cost; see `askCosts`. Default: as the traits say. */
  readonly costs?: Costs | undefined
}

/**
 * What must be done so that the observed becomes the wanted. Pure.
 * MANIFEST_INVALID for a dependency that is nowhere, and for a cycle; CONFLICT for things that are not ours to change, and for
 * protected ones that would be lost. All problems at once.
 */
export function buildPlan(manifest: Manifest, observed: Observed, options: PlanOptions = {}): Plan {
  const wanted = manifest.resources
  const things = thingsOf(observed)
  const refs = new Set(wanted.map(refOf))
  checkDependencies(wanted, (ref) => refs.has(ref) || things.has(ref))
  const planner = new Planner(manifest, observed, refs, options)
  const steps = wanted.map((resource) => planner.plan(resource, things.get(refOf(resource))))
  const removed = options.prune === true ? prunable(things, refs, manifest.plans) : []
  planner.refuseProtected(removed)
  if (planner.problems.length > 0) throw problemsError(planner.problems)
  return {
    operations: topologicalOrder(withRemovals(steps, removed)),
    wanted: new Map(steps.map(({operation, send}) => [operation.id, send])),
    notes: [],
    secrets: manifest.secrets,
  }
}

const thingsOf = ({service = [], instance = [], network = [], profile = []}: Observed): Map<string, ObservedThing> => {
  const things = [
    ...service.map(observedService),
    ...instance.map(observedInstance),
    ...network.map(observedNetwork),
    ...profile.map(observedProfile),
  ]
  return new Map(things.map((thing) => [thing.ref, thing]))
}

interface Step {
  readonly operation: Operation
  readonly send: Wanted
}

/** What is known of one thing while its step is made. */
interface Compared {
  readonly wanted: Wanted
  readonly thing: ObservedThing
  readonly changes: readonly Change[]
  readonly step: MakeStep
}

type MakeStep = (action: Action, reason: string, details?: StepDetails) => Step

interface StepDetails {
  readonly changes?: readonly Change[]
  readonly send?: Wanted
}

class Planner {
  readonly problems: FoundProblem[] = []
  readonly #manifest: Manifest
  readonly #observed: Observed
  readonly #refs: ReadonlySet<string>
  readonly #options: PlanOptions
  readonly #traits: PlannerTraits

  constructor(manifest: Manifest, observed: Observed, refs: ReadonlySet<string>, options: PlanOptions) {
    this.#manifest = manifest
    this.#observed = observed
    this.#refs = refs
    this.#options = options
    this.#traits = options.traits ?? {}
  }

  plan(wanted: Wanted, thing: ObservedThing | undefined): Step {
    const ref = refOf(wanted)
    const dependsOn = dependenciesOf(wanted, (candidate) => this.#refs.has(candidate))
    const keepsLabels = this.#keepsLabels(wanted.kind)
    const step: MakeStep = (action, reason, {changes = [], send = wanted} = {}) => {
      const shown = redact(changes, this.#manifest.secrets ?? [])
      const cost = largestCost(shown)
      const operation = {id: ref, action, ref, changes: shown, dependsOn, reason, ...(cost === undefined ? {} : {cost})}
      return {operation, send: keepsLabels ? withOwner(send, wanted) : send}
    }
    if (thing === undefined) return step('create', 'it does not exist')
    const owner = thing.labels[PLAN_LABEL]
    const isOwned = wanted.kind === 'service' ? owner !== undefined : owner === wanted.plan
    const changes = changesOf(wanted, thing, {isOwned, readable: this.#traits.instance?.readable})
    const takesOver = keepsLabels && owner !== wanted.plan && (wanted.kind === 'service' ? owner !== undefined : true)
    if (takesOver && wanted.kind !== 'service' && this.#options.adopt !== true)
      return this.#foreign({wanted, thing, changes, step})
    if (takesOver) {
      const path = `${LABEL_FIELDS[wanted.kind]}.${PLAN_LABEL}`
      changes.push({path, ...(owner === undefined ? {} : {from: owner}), to: wanted.plan})
    }
    return wanted.kind === 'instance'
      ? this.#machine({wanted, thing, changes, step})
      : this.#inPlace({wanted, thing, changes, step})
  }

  /** Labels that cannot be kept say nothing about whose a thing is. */
  #keepsLabels(kind: Wanted['kind']): boolean {
    const {service, instance} = this.#traits
    return (kind === 'service' ? service?.labels : instance?.labels) ?? true
  }

  /** Made by hand, or by another plan: good as it is, or a problem. */
  #foreign({wanted, thing, changes, step}: Compared): Step {
    const differs = [...changes.map(({path}) => path), ...(thing.down === undefined ? [] : [thing.down])]
    const owner = thing.labels[PLAN_LABEL]
    const origin = owner === undefined ? 'was not made by this plan' : `belongs to the plan '${owner}'`
    if (differs.length > 0) {
      this.#fail(thing.ref, [changes[0]?.path ?? ''], {
        message: `${wanted.kind} '${wanted.name}' exists, ${origin} and differs: ${differs.join(', ')}`,
        hint: 'give it another name, or take it over with --adopt',
      })
    }
    return step('keep', `nothing differs; it ${origin}`)
  }

  #inPlace({wanted, thing, changes, step}: Compared): Step {
    const send = mergedSpec(wanted, thing, thing.labels[PLAN_LABEL] !== undefined)
    // A driver that does not keep labels cannot change them either.
    const real = this.#keepsLabels(wanted.kind) ? changes : changes.filter(({path}) => fieldOf(path) !== 'metadata')
    if (real.length > 0) {
      const reason = real.length === 1 ? 'one field differs' : `${real.length} fields differ`
      return step('update', reason, {changes: real, send})
    }
    if (thing.isUnborn) return step('update', 'no version of it has ever been ready', {send})
    if (thing.down !== undefined) return step('start', thing.down, {send})
    return step('keep', 'nothing differs', {send})
  }

  #machine({wanted, thing, changes, step}: Compared): Step {
    const asked = this.#options.costs?.get(thing.ref)
    const priced = changes.map((change) => ({...change, cost: costOf(change.path, this.#traits, asked)}))
    // A machine and its data are never given up for a label.
    const isPossible = ({path, cost}: Change) =>
      fieldOf(path) !== LABEL_FIELDS.instance || cost === 'live' || cost === 'restart'
    const possible = priced.filter(isPossible)
    const details = {changes: possible, send: mergedSpec(wanted, thing, true)}
    const cost = largestCost(possible)
    if (cost === 'rebuild' || cost === 'replace') {
      const fields = [...new Set(possible.filter((change) => change.cost === cost).map(({path}) => fieldOf(path)))]
      const isKept = wanted.kind === 'instance' && wanted.spec.protect === true
      if (this.#options.isProvisional !== true && (thing.isProtected === true || isKept)) {
        this.#refuse(thing, `a ${cost} would take its disk`, [possible[0]?.path ?? ''])
      }
      if (cost === 'rebuild') this.#refuseSnapshots(thing, [possible[0]?.path ?? ''])
      return step(cost, LOSS[cost](fields.join(', ')), details)
    }
    if (cost !== undefined) {
      const reason = possible.length === 1 ? 'one field differs' : `${possible.length} fields differ`
      return step('update', `${reason}; ${cost === 'live' ? 'changed live' : 'it is restarted'}`, details)
    }
    if (thing.down !== undefined) return step('start', thing.down)
    if (this.#observed.unready?.has(thing.ref) === true) return step('start', 'it has not been seen ready yet')
    return step('keep', changes.length > 0 ? 'only labels differ, which this driver cannot change' : 'nothing differs')
  }

  refuseProtected(removed: readonly ObservedThing[]): void {
    for (const thing of removed)
      if (thing.isProtected === true) this.#refuse(thing, 'it is not in the plan any more', [])
  }

  #refuse({ref}: ObservedThing, why: string, path: readonly string[]): void {
    const message = `${ref.replace('/', " '")}' is protected: ${why}`
    this.#fail(ref, path, {message, hint: "set 'protect: false' and apply that first"})
  }

  /** Known before a copy is made of it. */
  #refuseSnapshots({ref, snapshotCount = 0}: ObservedThing, path: readonly string[]): void {
    const isTaken = this.#traits.instance?.rebuildsWithSnapshots ?? true
    if (this.#options.isProvisional === true || isTaken || snapshotCount === 0) return
    const name = ref.slice('instance/'.length)
    const count = snapshotCount === 1 ? 'a snapshot' : `${snapshotCount} snapshots`
    const message = `instance '${name}' has ${count}, which a new disk cannot keep`
    this.#fail(ref, path, {message, hint: `omni snapshot list ${name}`})
  }

  #fail(ref: string, path: readonly string[], problem: Pick<FoundProblem, 'message' | 'hint'>): void {
    const place = locate(
      this.#manifest,
      ref,
      path.flatMap((part) => part.split('.')),
    )
    const nowhere = {file: this.#manifest.plans.join(', '), line: 1, column: 1}
    this.problems.push({...(place ?? nowhere), ...problem, code: 'CONFLICT'})
  }
}

const LOSS = {
  rebuild: (fields: string) => `${fields} needs a rebuild: its disk is lost, its address stays`,
  replace: (fields: string) => `${fields} cannot be changed in place: its disk and its address are lost`,
} as const
