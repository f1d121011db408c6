import type {Model, ModelRuntime, RecommendedRuntime, RuntimeCandidate} from '@omni-cli/sdk'
import {compareFits} from './runtime-fit.ts'

/** The candidate that fits best; of equals the one that is made for this model, then the operator's order. Pure. */
export function recommend(
  model: Model,
  candidates: readonly RuntimeCandidate[],
  selected: RuntimeCandidate | undefined,
): RecommendedRuntime | undefined {
  const [best] = candidates.toSorted(
    (a, b) => compareFits(a.fit, b.fit) || strangeness(a.runtime, model) - strangeness(b.runtime, model),
  )
  if (best === undefined) return undefined
  return {name: best.runtime.name, reason: reasonOf(best, model, selected)}
}

/** What a person should know of the operator's choice. */
export function choiceWarnings(
  model: Model,
  candidates: readonly RuntimeCandidate[],
  selected: RuntimeCandidate | undefined,
): string[] {
  const {name, disabled, size} = model
  const picked = selected?.runtime
  const served = picked === undefined ? undefined : foreignName(picked, model)
  return [
    ...(disabled === true ? [`the model '${name}' is disabled: the operator refuses services that use it`] : []),
    ...(model.format === undefined
      ? [`nobody has told the format of '${name}' yet: an agent does when a node has the files`]
      : []),
    ...(size === undefined
      ? [`the model '${name}' has no size, so the operator takes runtimes of every size for it`]
      : []),
    ...tieWarning(candidates),
    ...(selected?.fit.verdict === 'no' ? [`the operator would pick '${picked?.name}': ${selected.fit.reason}`] : []),
    ...(served === undefined ? [] : [`'${picked?.name}' answers to the model name '${served}'`]),
    ...splitWarning(picked),
  ]
}

function tieWarning(candidates: readonly RuntimeCandidate[]): string[] {
  const scored = candidates.filter(({score}) => score !== undefined)
  const ties = scored.filter(({score}) => score === scored[0]?.score).map(({runtime}) => runtime.name)
  return ties.length < 2
    ? []
    : [`${ties.length} runtimes have the same score: ${ties.join(', ')}; size range and name decide`]
}

function splitWarning(runtime: ModelRuntime | undefined): string[] {
  const {name, gpus, tensorParallel} = runtime ?? {}
  if (gpus === undefined || tensorParallel === undefined || gpus === 0 || tensorParallel === gpus) return []
  if (runtime?.components?.includes('multi-node') === true) return []
  return [`'${name}' asks for ${gpus} devices and splits the model over ${tensorParallel}`]
}

/** Names under which no model in particular is served. */
const ANY = new Set(['vllmmodel', 'sglangmodel', 'model', 'default', ''])

/** The name that a runtime is wired to when it is another model's. */
export function foreignName({servedModelName}: ModelRuntime, model: Model): string | undefined {
  if (servedModelName === undefined) return undefined
  const told = plain(servedModelName.split('/').at(-1))
  const own = [
    model.name,
    model.displayName?.split('.').slice(1).join('.'),
    model.source.split('/').at(-1)?.split('@')[0],
  ]
  return ANY.has(told) || own.some((name) => plain(name) === told) ? undefined : servedModelName
}

const plain = (name: string | undefined): string => (name ?? '').toLowerCase().replaceAll(/[^a-z0-9]/g, '')

/** 0: made for it. A wired name of another model, and no range of sizes, are signs that it was made for something else. */
function strangeness(runtime: ModelRuntime, model: Model): number {
  const isForeign = foreignName(runtime, model) !== undefined
  return (isForeign ? 2 : 0) + (runtime.sizeRange === undefined ? 1 : 0)
}

function reasonOf(best: RuntimeCandidate, model: Model, selected: RuntimeCandidate | undefined): string {
  const {fit, runtime} = best
  if (selected === undefined) return `${fit.reason}; the operator does not pick it by itself: name it`
  if (selected.runtime.name === runtime.name) return `${fit.reason}; the operator would pick it, too`
  const picked = selected.runtime.name
  if (compareFits(fit, selected.fit) < 0) return `${fit.reason}; '${picked}', which the operator would pick, fits worse`
  const foreign = foreignName(selected.runtime, model)
  const why = foreign === undefined ? 'has no range of sizes' : `answers to the name '${foreign}'`
  return `${fit.reason}; '${picked}', which the operator would pick, ${why}`
}
