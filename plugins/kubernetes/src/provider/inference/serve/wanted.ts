import {type ApiObject, OmniError, type ServingChange} from '@omni-cli/sdk'
import {at, fieldsAt, numberAt} from '../../../fields.ts'
import {COMPONENTS} from '../names.ts'
import {AUTOSCALE_ANNOTATIONS, type AutoscaleSettings} from './autoscale.ts'
import {runtimeRef} from './manifest.ts'
import type {RuntimeParts} from './runtime-parts.ts'
import {type Assignment, withAssignments} from './typed-set.ts'

/** What a change means here, after what it names was looked up. */
export interface ResolvedChange {
  readonly change: ServingChange
  /** Kind of the model that is named. */
  readonly modelKind?: string | undefined
  readonly runtime?: RuntimeParts | undefined
  readonly autoscale?: AutoscaleSettings | undefined
  readonly assignments: readonly Assignment[]
}

/** Lets the operator choose again. */
export const AUTO_RUNTIME = 'auto'

/** The InferenceService as it should be. USAGE for sizes that contradict each other. */
export function wantedService(current: ApiObject, resolved: ResolvedChange): ApiObject {
  const {change, assignments} = resolved
  const spec = {...fieldsAt(current, 'spec'), ...namedParts(resolved), ...componentParts(current, resolved)}
  if (change.runtime === AUTO_RUNTIME) Reflect.deleteProperty(spec, 'runtime')
  for (const name of partsToDrop(current, resolved)) Reflect.deleteProperty(spec, name)
  const next: ApiObject = {...current, metadata: {...current.metadata, ...annotationsPart(current, resolved)}, spec}
  const wanted = withAssignments(next, assignments)
  refuseSizes(wanted, change)
  return wanted
}

/** Routers and decoders that the other runtime does not have, unless the service brings the program itself. */
function partsToDrop(current: ApiObject, {change, runtime}: ResolvedChange): string[] {
  if (runtime === undefined || !isOtherRuntime(change)) return []
  const has = {router: runtime.hasRouter, decoder: runtime.hasDecoder}
  return (['router', 'decoder'] as const).filter(
    (name) => !has[name] && at(current, 'spec', name, 'runner') === undefined,
  )
}

/** Another model may mean another runtime, where the operator chooses. */
const isOtherRuntime = ({model, runtime}: ServingChange): boolean => model !== undefined || runtime !== undefined

function namedParts({change, modelKind, runtime}: ResolvedChange): object {
  return {
    ...(change.model === undefined
      ? {}
      : {model: {name: change.model, ...(modelKind === undefined ? {} : {kind: modelKind})}}),
    ...(change.runtime === undefined || change.runtime === AUTO_RUNTIME
      ? {}
      : {runtime: {kind: 'ClusterServingRuntime', ...runtimeRef(change.runtime, runtime)}}),
  }
}

function componentParts(current: ApiObject, {change, autoscale, runtime}: ResolvedChange): Record<string, unknown> {
  const engine = fieldsAt(current, 'spec', 'engine')
  const size = sizeOf(engine, change)
  const strategy = change.rollout === undefined ? {} : {deploymentStrategy: STRATEGY[change.rollout]}
  const scaled = change.autoscale === 'off' ? withoutScaling({...engine, ...size}) : {...engine, ...size}
  const canary = change.canary === undefined ? {} : {canaryTrafficPercent: change.canary}
  const others = COMPONENTS.filter((name) => name !== 'engine' && at(current, 'spec', name) !== undefined)
  const needsRouter = isOtherRuntime(change) && runtime?.hasRouter === true && !others.includes('router')
  return {
    engine: {...scaled, ...autoscale?.engine, ...strategy, ...canary},
    ...(needsRouter ? {router: {minReplicas: 1, maxReplicas: 1, ...strategy}} : {}),
    ...(change.rollout === undefined
      ? {}
      : Object.fromEntries(others.map((name) => [name, {...fieldsAt(current, 'spec', name), ...strategy}]))),
  }
}

const STRATEGY = {
  progressive: {type: 'RollingUpdate', rollingUpdate: {maxUnavailable: 0, maxSurge: 1}},
  recreate: {type: 'Recreate'},
} as const

/** Without autoscaling the fewest are also the most. */
function sizeOf(engine: Readonly<Record<string, unknown>>, change: ServingChange): Record<string, number> {
  const {minReplicas: min, maxReplicas: max} = change
  const [least, most] = [numberAt(engine, 'minReplicas') ?? 1, numberAt(engine, 'maxReplicas')]
  if (change.autoscale === 'off') {
    const fixed = min ?? least
    return {minReplicas: fixed, maxReplicas: fixed}
  }
  return {
    ...(min === undefined ? {} : {minReplicas: min}),
    ...(max === undefined ? {} : {maxReplicas: max}),
    // A lower end above the old upper one means both.
    ...(min !== undefined && max === undefined && most !== undefined && most < min ? {maxReplicas: min} : {}),
    ...(max !== undefined && min === undefined && least > max ? {minReplicas: max} : {}),
  }
}

const withoutScaling = ({scaleMetric: _metric, scaleTarget: _target, ...rest}: Record<string, unknown>) => rest

function annotationsPart(current: ApiObject, {change, autoscale}: ResolvedChange): object {
  if (change.autoscale === undefined) return {}
  const known = fieldsAt(current, 'metadata', 'annotations')
  const kept = Object.entries(known).filter(([key]) => !AUTOSCALE_ANNOTATIONS.includes(key))
  return {annotations: {...Object.fromEntries(kept), ...autoscale?.annotations}}
}

function refuseSizes(wanted: ApiObject, {autoscale}: ServingChange): void {
  const [min, max] = [
    numberAt(wanted, 'spec', 'engine', 'minReplicas'),
    numberAt(wanted, 'spec', 'engine', 'maxReplicas'),
  ]
  if (min !== undefined && min < 1) {
    throw new OmniError('UNSUPPORTED', 'fewer than 1 replica means the mode Serverless to the operator: Knative', {
      hint: `omni stop ${wanted.metadata.name}`,
    })
  }
  if (min !== undefined && max !== undefined && max < min) {
    throw new OmniError('USAGE', `at most ${max} replicas are less than at least ${min}`)
  }
  const isScaled = autoscale !== undefined && autoscale !== 'off'
  if (isScaled && min !== undefined && max !== undefined && max <= min) {
    const {name} = wanted.metadata
    throw new OmniError(
      'USAGE',
      `'${name}' has at least ${min} and at most ${max} replicas: there is nothing to scale`,
      {
        hint: `--max N, with N greater than ${min}`,
      },
    )
  }
}
