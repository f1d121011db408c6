import {type CallOptions, escapeTerminal, type ObjectApi, type ObjectPlan, type ObjectProblem} from '@omni-cli/sdk'
import type {Action, FoundProblem, Manifest, Operation, Problem, WrittenObject} from '@omni-cli/sdk/engine'
import {inventoryKey} from './inventory.ts'
import {objectRef} from './refs.ts'

/** What is to be done with one object of the files. */
export interface ObjectStep {
  readonly operation: Operation
  readonly written: WrittenObject
  readonly tier: number
  /** Places of the steps that must have succeeded before. */
  readonly needs: readonly number[]
}

export interface PlannedObjects {
  /** In the order of the files. */
  readonly steps: readonly ObjectStep[]
  readonly notes: readonly string[]
  readonly warnings: readonly Problem[]
}

export interface PlanObjectsOptions extends CallOptions {
  /** Take over what other field managers have set. */
  readonly force: boolean
  /** Show conflicts as notes. Default: they are the error. */
  readonly toleratesConflicts?: boolean | undefined
}

/**
 * Checks the objects of the files and asks the server what applying them would change; both at the same time. MANIFEST_INVALID with
 * every problem and its place; CONFLICT with every field that somebody else has set.
 */
export async function planObjects(
  api: ObjectApi,
  manifest: Manifest,
  options: PlanObjectsOptions,
): Promise<PlannedObjects> {
  const {objects = []} = manifest
  const {force, toleratesConflicts = false, signal} = options
  const plain = objects.map(({object}) => object)
  const planning = api.plan(plain, {force, signal})
  // Mistakes in the files are told first: the server may answer to them in its own words.
  planning.catch(() => undefined)
  const {problemsError} = await import('../manifest-engine.ts')
  const {errors, warnings} = problemsOf(objects, await api.problems(plain, {signal}))
  if (errors.length > 0) throw problemsError(errors)
  const plans = await planning
  const twice = writtenTwice(plans, objects)
  if (twice.length > 0) throw problemsError(twice)
  const refusals = alike(plans).flatMap(({plan, index, others}) =>
    refusalsOf(plan, {written: objects[index], others, toleratesConflicts}),
  )
  if (refusals.length > 0) throw problemsError(refusals)
  const steps = plans.flatMap((plan, index): ObjectStep[] => {
    const written = objects[index]
    return written === undefined ? [] : [stepOf(plan, written, api.namespace)]
  })
  return {steps: withDependencies(steps), notes: plans.flatMap((plan) => notesOf(plan, api.namespace)), warnings}
}

/** What a server says about the objects of files, with places. */
export function problemsOf(
  objects: readonly WrittenObject[],
  problems: readonly ObjectProblem[],
): {readonly errors: readonly FoundProblem[]; readonly warnings: readonly Problem[]} {
  const placed = problems.flatMap(({index, path, at, message, hint, severity}) => {
    const written = objects[index]
    if (written === undefined) return []
    const {kind, metadata} = written.object
    const field = path.length === 0 ? '' : ` ${path.join('.')}`
    const own = {message: `${kind} '${metadata.name}'${field}: ${message}`, ...(hint === undefined ? {} : {hint})}
    return [{severity, problem: {...written.placeOf(path, at), ...own}}]
  })
  const of = (severity: ObjectProblem['severity']) =>
    placed.filter((one) => one.severity === severity).map(({problem}) => problem)
  return {errors: of('error'), warnings: of('warning').map(({sourceLine: _, ...warning}) => warning)}
}

/** One without a namespace and one with the namespace that is worked in are the same object; only a cluster tells. */
function writtenTwice(plans: readonly ObjectPlan[], objects: readonly WrittenObject[]): FoundProblem[] {
  const seen = new Map<string, WrittenObject>()
  return plans.flatMap(({ref}, index) => {
    const written = objects[index]
    const first = seen.get(inventoryKey(ref))
    if (written === undefined) return []
    if (first === undefined) {
      seen.set(inventoryKey(ref), written)
      return []
    }
    const {file, line} = first.origin()
    return [{...written.placeOf([]), message: `${ref.kind} '${ref.name}' is also at ${file}:${line}`}]
  })
}

/** Plans with the place of each; those that are refused for the same reason are told once. */
function alike(plans: readonly ObjectPlan[]) {
  const all = plans.map((plan, index) => ({plan, index}))
  const groups = Map.groupBy(all, ({plan, index}) => plan.refusal?.message ?? index)
  return [...groups.values()].flatMap(([first, ...rest]) =>
    first === undefined ? [] : [{...first, others: rest.length}],
  )
}

interface Told {
  readonly written: WrittenObject | undefined
  /** How many more are refused for the same reason. */
  readonly others: number
  readonly toleratesConflicts: boolean
}

/** Why the server would refuse the object, and what somebody else has set. */
function refusalsOf(
  {ref, refusal, conflicts}: ObjectPlan,
  {written, others, toleratesConflicts}: Told,
): FoundProblem[] {
  if (written === undefined) return []
  const name = `${ref.kind} '${ref.name}'${others === 0 ? '' : ` and ${others} more`}`
  if (refusal !== undefined) {
    const code = isCode(refusal.code) ? refusal.code : 'INVALID'
    const hint = refusal.hint === undefined ? {} : {hint: refusal.hint}
    return [{...written.placeOf([]), message: `${name}: ${refusal.message}`, code, ...hint}]
  }
  if (toleratesConflicts) return []
  return conflicts.map(({path, manager}) => ({
    ...written.placeOf(path),
    message: `${name}: '${manager}' has set ${path.join('.')} otherwise`,
    hint: 'take it over with --force-conflicts, or leave it out',
    code: 'CONFLICT',
  }))
}

const REFUSAL_CODES = ['INVALID', 'FORBIDDEN', 'UNSUPPORTED', 'CONFLICT'] as const
const isCode = (code: string): code is (typeof REFUSAL_CODES)[number] => REFUSAL_CODES.some((one) => one === code)

function stepOf({ref, action, changes, tier, needs}: ObjectPlan, written: WrittenObject, home: string): ObjectStep {
  const {apiVersion, kind, namespace = '', name} = ref
  const operation: Operation = {
    id: `${apiVersion} ${kind} ${namespace} ${name}`,
    action,
    ref: objectRef(ref, home),
    changes,
    dependsOn: [],
    reason: REASONS[action](changes.length),
  }
  return {operation, written, tier, needs}
}

/** Why an object that is as wanted is applied all the same. */
export const ONLY_OWNERS = 'only who owns its fields changes'

const REASONS: Readonly<Record<Extract<Action, 'create' | 'update' | 'keep'>, (changes: number) => string>> = {
  create: () => 'it does not exist',
  update: (count) => (count === 0 ? ONLY_OWNERS : count === 1 ? 'one field differs' : `${count} fields differ`),
  keep: () => 'nothing differs',
}

const withDependencies = (steps: readonly ObjectStep[]): ObjectStep[] =>
  steps.map((step) => {
    const dependsOn = step.needs.flatMap((index) => steps[index]?.operation.id ?? [])
    return dependsOn.length === 0 ? step : {...step, operation: {...step.operation, dependsOn}}
  })

function notesOf({ref, warnings, conflicts}: ObjectPlan, home: string): string[] {
  const name = objectRef(ref, home)
  return [
    ...warnings.map((warning) => `${name}: ${escapeTerminal(warning)}`),
    ...conflicts.map(
      ({path, manager}) => `${name}: '${manager}' has set ${path.join('.')}; apply needs --force-conflicts`,
    ),
  ]
}
