import {type ApiObject, nearest, OmniError} from '@omni-cli/sdk'
import {at, listAt, textAt} from '../../../fields.ts'
import {namedRuntimeError, type Selection, select} from '../../../ome/select.ts'
import {selectModel, selectRuntime} from '../../../ome/shapes.ts'
import {type RuntimeParts, runtimeParts} from './runtime-parts.ts'
import type {Surroundings} from './surroundings.ts'

export interface RuntimeQuestion {
  readonly model: string
  readonly runtime?: string | undefined
  readonly accelerator?: string | undefined
  readonly namespace: string
}

export interface RuntimeAnswer {
  readonly model: ApiObject
  readonly runtime: RuntimeParts
  readonly by: 'named' | 'selected'
  /** The service could not start yet: its model is on no node. */
  readonly obstacles: readonly string[]
}

/**
 * The runtime that is named, else the one that the operator's rule takes. Everything that makes the service impossible is told at
 * once: NOT_FOUND for a model or runtime that is not there, CONFLICT for what is turned off or does not go together.
 */
export function chooseRuntime(around: Surroundings, question: RuntimeQuestion): RuntimeAnswer {
  const {model} = around
  const accelerators = question.accelerator === undefined ? [] : [question.accelerator]
  const problems = [...modelProblems(model, question), ...acceleratorProblems(around, question)]
  const runtimes = around.runtimes.map(({metadata, spec}) => selectRuntime(metadata.name, metadata.namespace, spec))
  const shape = selectModel(question.model, model === undefined ? {} : at(model, 'spec'))
  const asked = {model: shape, runtimes, namespace: question.namespace, accelerators}
  const {runtime: named} = question
  let taken: string | undefined = named
  if (named !== undefined && around.runtimes.length === 0) problems.push(absent('runtime', named, 'omni get runtimes'))
  else if (named !== undefined && model !== undefined) {
    const error = namedRuntimeError({...asked, name: named})
    if (error !== undefined) problems.push(unfit(error, question.model))
  } else if (named === undefined && model !== undefined) {
    const selection = select(asked)
    taken = selection.scored[0]?.runtime.name
    if (taken === undefined) problems.push(nothingFits(selection, question.model))
  }
  const found = around.runtimes.find(({metadata}) => metadata.name === taken)
  if (problems.length > 0 || model === undefined || found === undefined) throw together(problems)
  return {
    model,
    runtime: runtimeParts(found),
    by: named === undefined ? 'selected' : 'named',
    obstacles: modelObstacles(model),
  }
}

function modelProblems(model: ApiObject | undefined, question: RuntimeQuestion): OmniError[] {
  if (model === undefined) return [absent('model', question.model, 'omni get models')]
  if (at(model, 'spec', 'disabled') !== true) return []
  return [
    new OmniError('CONFLICT', `the model '${question.model}' is disabled`, {
      hint: `omni describe model ${question.model}`,
    }),
  ]
}

function acceleratorProblems({accelerators}: Surroundings, {accelerator}: RuntimeQuestion): OmniError[] {
  if (accelerator === undefined || accelerators.some(({name, declared}) => declared && name === accelerator)) return []
  const known = accelerators.filter(({declared}) => declared).map(({name}) => name)
  const near = nearest(accelerator, known)
  const guess = near === undefined ? '' : `; did you mean '${near}'?`
  return [
    new OmniError('NOT_FOUND', `there is no AcceleratorClass '${accelerator}'${guess}`, {
      hint: 'omni get accelerators',
    }),
  ]
}

const absent = (kind: string, name: string, hint: string): OmniError =>
  new OmniError('NOT_FOUND', `there is no ${kind} '${name}'`, {hint})

const unfit = (message: string, model: string): OmniError =>
  new OmniError('CONFLICT', message, {hint: `omni runtime suggest ${model}`})

const MOST_REASONS = 3

/** In short: a cluster has hundreds of runtimes, and each has its reason. */
function nothingFits({compatible, excluded, error}: Selection, model: string): OmniError {
  const count = compatible.length + excluded.length
  const named = compatible.slice(0, MOST_REASONS).map(({name}) => name)
  const reasons =
    excluded.length > MOST_REASONS ? [] : excluded.map(({runtime, reason}) => `${runtime.name}: ${reason}`)
  const looked = count === 0 ? 'there are no runtimes' : `${count} ${count === 1 ? 'was' : 'were'} looked at`
  const lines = [
    `no runtime takes the model '${model}' by itself: ${looked}`,
    ...(named.length === 0 ? [] : [`that could be named: ${named.join(', ')}`]),
    ...reasons,
  ]
  return new OmniError('CONFLICT', lines.join('\n'), {
    hint: `omni runtime suggest ${model}`,
    details: {operator: error},
  })
}

/** One error for all problems; its code and hint are those of the first. */
function together(problems: readonly OmniError[]): OmniError {
  const [first, ...others] = problems
  if (first === undefined) return new OmniError('NOT_FOUND', 'the runtime is gone', {hint: 'omni get runtimes'})
  if (others.length === 0) return first
  return new OmniError(first.code, problems.map(({message}) => message).join('\n'), {hint: first.hint})
}

/** What is no fault of the service and may end by itself. */
function modelObstacles(model: ApiObject): string[] {
  const state = textAt(model, 'status', 'state')
  const {name} = model.metadata
  if (state === 'Ready' || listAt(model, 'status', 'nodesReady').length > 0) return []
  if (state === 'Failed') return [`the files of model '${name}' could not be fetched: no node has them`]
  return [`the files of model '${name}' are on no node yet (${state ?? 'nothing is known of them'})`]
}
