import type {ApiObject, ExcludedRuntime, FitSubject, Model, RuntimeCandidate, RuntimeSuggestion} from '@omni-cli/sdk'
import {programOf} from '../../ome/arguments.ts'
import type {FitLoad} from '../../ome/fit.ts'
import {choiceWarnings, recommend} from '../../ome/recommend.ts'
import {runnersOf} from '../../ome/runner.ts'
import {type DevicePool, runtimeFit} from '../../ome/runtime-fit.ts'
import {isOpenRange, select} from '../../ome/select.ts'
import {type SelectRuntime, selectModel, selectRuntime} from '../../ome/shapes.ts'
import {containerGpus} from '../inference/resources.ts'
import {runtimeOf} from './runtime-map.ts'

export interface SuggestInput {
  readonly model: Model
  /** Spec of the model's object: what the operator looks at. */
  readonly modelSpec: unknown
  /** See `rulesOf`. */
  readonly runtimes: ReadonlyMap<SelectRuntime, ApiObject>
  readonly namespace: string
  readonly load: FitLoad
  readonly accelerator?: string | undefined
  /** Undefined: it is not known which there are. */
  readonly pools: readonly DevicePool[] | undefined
}

/** The operator's answer beside what fits. Pure. */
export function suggestion(input: SuggestInput): RuntimeSuggestion {
  const {model, modelSpec, runtimes, namespace, accelerator} = input
  const answer = select({
    ...{model: selectModel(model.name, modelSpec), runtimes: [...runtimes.keys()], namespace},
    accelerators: accelerator === undefined ? [] : [accelerator],
  })
  const candidateOf = (rule: SelectRuntime, score?: number): RuntimeCandidate[] => {
    const object = runtimes.get(rule)
    return object === undefined
      ? []
      : [{runtime: runtimeOf(object), score, compatible: true, fit: fitOf(rule, object, input)}]
  }
  const scored = answer.scored.flatMap(({runtime, score}) => candidateOf(runtime, score))
  const candidates = [...scored, ...answer.compatible.flatMap((rule) => candidateOf(rule))]
  const [selected] = scored
  return {
    ...{model, selected, candidates},
    recommended: recommend(model, candidates, selected),
    excluded: answer.excluded.map(
      ({runtime, reason}): ExcludedRuntime => ({name: runtime.name, namespace: runtime.namespace, reason}),
    ),
    warnings: [...choiceWarnings(model, candidates, selected), ...rangeWarnings([...runtimes.keys()])],
    error: answer.error,
  }
}

/** Runtimes as the rule sees them, with their objects: read once, also for many models. */
export const rulesOf = (runtimes: readonly ApiObject[]): ReadonlyMap<SelectRuntime, ApiObject> =>
  new Map(
    runtimes.map((object) => [selectRuntime(object.metadata.name, object.metadata.namespace, object.spec), object]),
  )

const rangeWarnings = (rules: readonly SelectRuntime[]): string[] =>
  rules
    .filter(isOpenRange)
    .map(({name}) => `the runtime '${name}' has a modelSizeRange with one end: an operator that reads it crashes`)

/** Devices of the class that is asked for, else of those that the runtime lists, else all. */
function fitOf(
  rule: SelectRuntime,
  object: ApiObject,
  {model, load, accelerator, pools}: SuggestInput,
): RuntimeCandidate['fit'] {
  const {main, nodes} = runnersOf(object.spec)
  const listed = accelerator === undefined ? rule.accelerators : [accelerator]
  const usable = listed.length === 0 ? pools : pools?.filter(({name}) => listed.includes(name))
  const use = {gpus: main === undefined ? 0 : containerGpus(main), nodes, program: programOf(main)}
  return runtimeFit(factsOf(model), load, use, usable)
}

export const factsOf = ({size, parameters, quantization, maxTokens, configuration}: FitSubject) => ({
  ...{size, parameters, quantization, maxTokens, configuration},
})
