import {mismatches, modelLabel, versionsFit} from './match.ts'
import type {SelectFormat, SelectModel, SelectRuntime} from './shapes.ts'
import {omeSize} from './size.ts'

/** A question to the operator's rule. */
export interface SelectQuestion {
  readonly model: SelectModel
  /** Those of the service's namespace, and those of the cluster. */
  readonly runtimes: readonly SelectRuntime[]
  readonly namespace: string
  /** Classes of devices that the service names; a runtime must list them all. */
  readonly accelerators?: readonly string[] | undefined
}

export interface Scored {
  readonly runtime: SelectRuntime
  readonly score: number
}

export interface Excluded {
  readonly runtime: SelectRuntime
  /** In the operator's words. */
  readonly reason: string
}

export interface Selection {
  /** What the operator takes of itself, in its order: the first is taken. */
  readonly scored: readonly Scored[]
  /** Those that could be named, but are never taken of themselves, by name. */
  readonly compatible: readonly SelectRuntime[]
  readonly excluded: readonly Excluded[]
  /** The operator's message when it takes none. */
  readonly error: string | undefined
}

/** The operator's rule: which runtime serves a model when none is named. Pure. */
export function select(question: SelectQuestion): Selection {
  const {model, runtimes, namespace, accelerators = []} = question
  const candidates = runtimes.filter((runtime) => runtime.namespace === undefined || runtime.namespace === namespace)
  if (model.format === undefined || model.format.name === '') {
    const error = 'invalid model specification: modelFormat.name: model format name is required'
    return {scored: [], compatible: [], excluded: candidates.map((runtime) => ({runtime, reason: error})), error}
  }
  const [scored, compatible, excluded]: [Scored[], SelectRuntime[], Excluded[]] = [[], [], []]
  const label = modelLabel(model)
  for (const runtime of candidates) {
    const reason = reasonAgainst(runtime, {model, label, accelerators})
    const score = reason === undefined && isSelectable(runtime) ? scoreOf(runtime, model) : 0
    if (reason !== undefined) excluded.push({runtime, reason})
    else if (score > 0) scored.push({runtime, score})
    else compatible.push(runtime)
  }
  return {
    scored: scored.toSorted(inOrder(model)),
    compatible: compatible.toSorted(byName),
    excluded: excluded.toSorted((a, b) => byName(a.runtime, b.runtime)),
    error: scored.length > 0 ? undefined : noneFound(model, namespace, candidates, excluded),
  }
}

/** Why a runtime cannot serve a model, in the operator's words; undefined when it can be named. */
export function incompatibility(
  runtime: SelectRuntime,
  model: SelectModel,
  accelerators: readonly string[] = [],
): string | undefined {
  return reasonAgainst(runtime, {model, label: modelLabel(model), accelerators})
}

interface Asked {
  readonly model: SelectModel
  readonly label: string
  readonly accelerators: readonly string[]
}

function reasonAgainst(runtime: SelectRuntime, {model, label, accelerators}: Asked): string | undefined {
  if (runtime.isDisabled) return 'runtime is disabled'
  if (!accelerators.every((name) => runtime.accelerators.includes(name))) {
    return 'runtime does not support the required accelerator class'
  }
  const perEntry = runtime.formats.map((entry) => mismatches(model, entry))
  if (!perEntry.some((reasons) => reasons.length === 0)) {
    const details = perEntry.map((reasons) => reasons.join(', ')).join('; ')
    return `model format '${label}' not in supported formats: ${details || 'no supported formats defined'}`
  }
  return sizeMismatch(runtime, model)
}

/**
 * What the operator answers to a service that names this runtime; undefined when it takes it. The first of that name counts, the
 * namespace before the cluster; autoSelect plays no part.
 */
export function namedRuntimeError(question: SelectQuestion & {readonly name: string}): string | undefined {
  const {model, runtimes, namespace, name, accelerators} = question
  const named = runtimes.filter((runtime) => runtime.name === name)
  const runtime =
    named.find((candidate) => candidate.namespace === namespace) ??
    named.find((candidate) => candidate.namespace === undefined)
  if (runtime === undefined) return `runtime ${name} not found in namespace ${namespace} or at cluster scope`
  if (runtime.isDisabled) {
    return `${runtime.namespace === undefined ? 'cluster' : 'namespace'}-scoped runtime ${name} is disabled`
  }
  const reason = incompatibility(runtime, model, accelerators)
  // The operator puts the name of the format where the model's should be.
  return reason === undefined
    ? undefined
    : `runtime ${name} does not support model ${model.format?.name ?? ''}: ${reason}`
}

/** At least one entry, whichever it is, may be taken without being named. */
export const isSelectable = ({formats}: SelectRuntime): boolean => formats.some(({autoSelect}) => autoSelect === true)

/** A size range without both ends ends the operator of the versions that are known: it must not exist. */
export const isOpenRange = ({range}: SelectRuntime): boolean =>
  range !== undefined && (range.min === undefined || range.max === undefined)

function sizeMismatch({range}: SelectRuntime, {size}: SelectModel): string | undefined {
  if (range === undefined || size === undefined) return undefined
  const {min, max} = range
  if (min === undefined || max === undefined) {
    return `modelSizeRange has no ${min === undefined ? 'min' : 'max'}: the operator would crash on it`
  }
  const value = omeSize(size)
  if (value >= omeSize(min) && value <= omeSize(max)) return undefined
  return `model size ${size} is outside supported range [${min}, ${max}]`
}

/** Best entry of those that autoSelect does not forbid. Architecture, quantization and size are no part of it. */
const scoreOf = (runtime: SelectRuntime, model: SelectModel): number =>
  Math.max(
    0,
    ...runtime.formats.filter(({autoSelect}) => autoSelect !== false).map((entry) => entryScore(entry, model)),
  )

function entryScore({format, framework, priority}: SelectFormat, model: SelectModel): number {
  if (format === undefined || model.format === undefined || !isNear(format, model.format)) return 0
  if (framework === undefined || model.framework === undefined) {
    return framework === model.framework ? weightOf(format, 10) * priority : 0
  }
  return isNear(framework, model.framework) ? (weightOf(format, 10) + weightOf(framework, 5)) * priority : 0
}

/** Same name; versions only count where both are set. */
const isNear = (runtime: NonNullable<SelectFormat['format']>, model: NonNullable<SelectModel['format']>): boolean =>
  runtime.name === model.name &&
  (runtime.version === undefined || model.version === undefined || versionsFit(model, runtime))

const weightOf = ({weight}: {readonly weight: number}, instead: number): number => (weight === 0 ? instead : weight)

/** Namespace before cluster, score, distance of the size from both ends of the range (none counts as 0), name. */
const inOrder = (model: SelectModel) => (a: Scored, b: Scored) =>
  Number(a.runtime.namespace === undefined) - Number(b.runtime.namespace === undefined) ||
  b.score - a.score ||
  Math.trunc(distance(a.runtime, model) - distance(b.runtime, model)) ||
  byName(a.runtime, b.runtime)

function distance({range}: SelectRuntime, {size}: SelectModel): number {
  if (size === undefined || range?.min === undefined || range.max === undefined) return 0
  const value = omeSize(size)
  return Math.abs(omeSize(range.min) - value) + Math.abs(omeSize(range.max) - value)
}

const byName = (a: SelectRuntime, b: SelectRuntime): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

function noneFound(
  model: SelectModel,
  namespace: string,
  candidates: readonly SelectRuntime[],
  excluded: readonly Excluded[],
): string {
  const format = model.format?.name ?? ''
  const inside = candidates.filter((runtime) => runtime.namespace !== undefined).length
  const counts = `Checked ${candidates.length} runtimes (${inside} namespace-scoped, ${candidates.length - inside} cluster-scoped)`
  const list = excluded.map(({runtime, reason}) => `${runtime.name} (${reason})`).join('; ')
  return [
    // The operator puts the name of the format where the model's should be.
    `no runtime found to support model ${format} with format ${format} in namespace ${namespace}`,
    ...(candidates.length === 0 ? [] : [counts]),
    ...(list === '' ? [] : [`Excluded runtimes: ${list}`]),
  ].join('. ')
}
