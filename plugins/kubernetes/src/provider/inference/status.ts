import type {ApiObject, ServiceStatus} from '@omni-cli/sdk'
import {at, listAt, numberAt, textAt} from '../../fields.ts'
import type {ComponentState} from './component.ts'
import {hasOwnPods} from './mode.ts'
import {worst} from './trouble.ts'

/** The operator's last failure. */
export interface OperatorFailure {
  readonly reason: string
  readonly message: string
  readonly at?: string | undefined
}

export interface Verdict {
  readonly status: ServiceStatus
  /** One line: why it is not running; undefined when it is, or is stopped. */
  readonly reason?: string | undefined
}

/** Failures that no waiting mends. */
const FINAL_TRANSITIONS = ['BlockedByFailedLoad', 'InvalidSpec']
const HOPELESS: readonly string[] = ['image-pull', 'crash', 'config']

export function failureOf(service: ApiObject): OperatorFailure | undefined {
  const told = at(service, 'status', 'modelStatus', 'lastFailureInfo')
  const reason = textAt(told, 'reason')
  const message = textAt(told, 'message')
  if (reason === undefined && message === undefined) return undefined
  const time = textAt(told, 'time')
  return {reason: reason ?? 'Failed', message: message ?? '', ...(time === undefined ? {} : {at: time})}
}

export const conditionOf = (service: ApiObject, type: string): unknown =>
  listAt(service, 'status', 'conditions').find((condition) => textAt(condition, 'type') === type)

export const isTrue = (service: ApiObject, type: string): boolean =>
  textAt(conditionOf(service, type), 'status') === 'True'

/** The operator has seen the newest spec. One that does not tell is taken at its word. */
export function isObserved(service: ApiObject): boolean {
  const generation = numberAt(service, 'metadata', 'generation')
  const observed = numberAt(service, 'status', 'observedGeneration')
  return generation === undefined || observed === undefined || observed >= generation
}

/** Ready of the operator means engine and ingress; here decoder and router count, too. */
export function judge(service: ApiObject, components: readonly ComponentState[]): Verdict {
  const deleted = textAt(service, 'metadata', 'deletionTimestamp')
  if (deleted !== undefined) return {status: 'degraded', reason: deletionReason(service)}
  if (!hasOwnPods(service)) return judgeByConditions(service)
  const isDown = components.length > 0 && components.every(({exists, desired}) => exists && desired === 0)
  if (isDown) return {status: 'stopped'}
  const isWhole = components.every(({exists, ready, desired, isUpToDate}) => exists && ready >= desired && isUpToDate)
  if (isTrue(service, 'Ready') && isObserved(service) && isWhole && falseCondition(service) === undefined) {
    return {status: 'running'}
  }
  const reason = reasonOf(service, components)
  return {status: unreadyStatus(service, components), ...(reason === undefined ? {} : {reason})}
}

/** Where others make the pods, also none while nobody asks, the operator is taken at its word. */
function judgeByConditions(service: ApiObject): Verdict {
  if (isTrue(service, 'Ready') && isObserved(service)) return {status: 'running'}
  const reason = reasonOf(service, [])
  return {status: unreadyStatus(service, []), ...(reason === undefined ? {} : {reason})}
}

function unreadyStatus(service: ApiObject, components: readonly ComponentState[]): ServiceStatus {
  const engine = components.find(({name}) => name === 'engine')
  const isServing = (engine?.ready ?? 0) > 0
  const isHopeless = components.some(
    ({troubles, ready, desired}) => ready < desired && HOPELESS.includes(worst(troubles)?.kind ?? ''),
  )
  if (isServing) {
    const isChanging = !isObserved(service) || components.some(({isUpToDate, exists}) => !exists || !isUpToDate)
    return isChanging && !isHopeless ? 'deploying' : 'degraded'
  }
  const transition = textAt(service, 'status', 'modelStatus', 'transitionStatus')
  const isBlocked = FINAL_TRANSITIONS.includes(transition ?? '')
  const isStuck = components.some(({stuck, ready, desired}) => ready < desired && stuck !== undefined)
  return isBlocked || isHopeless || isStuck || failureOf(service) !== undefined ? 'failed' : 'deploying'
}

const deletionReason = (service: ApiObject): string => {
  const finalizers = listAt(service, 'metadata', 'finalizers').map(String)
  return finalizers.length === 0
    ? 'it is being removed'
    : `it is being removed, and waits for the finalizer ${finalizers.join(', ')}`
}

/** The cause before its symptoms: pods, then what the operator tells, then conditions. */
function reasonOf(service: ApiObject, components: readonly ComponentState[]): string | undefined {
  const unready = components.filter(({exists, ready, desired}) => !exists || ready < desired)
  const trouble = worst(unready.flatMap(({troubles}) => troubles))
  if (trouble !== undefined && HOPELESS.includes(trouble.kind)) return trouble.message
  const failure = failureOf(service)
  if (failure !== undefined) return failure.message === '' ? failure.reason : `${failure.reason}: ${failure.message}`
  if (trouble !== undefined) return trouble.message
  const stuck = unready.find((component) => component.stuck !== undefined)
  if (stuck !== undefined) return `${stuck.name}: ${stuck.stuck}`
  const condition = falseCondition(service)
  if (condition !== undefined) return conditionText(condition)
  const absent = components.find(({exists}) => !exists)
  if (absent !== undefined) return `${absent.name}: the operator has not made it yet`
  const [short] = unready
  if (short !== undefined) return `${short.name}: ${short.ready} of ${short.desired} replicas are ready`
  const late = components.find(({isUpToDate}) => !isUpToDate)
  if (late !== undefined) return `${late.name}: pods are being exchanged`
  if (!isObserved(service)) return 'the operator has not seen the last change yet'
  return listAt(service, 'status', 'conditions').length === 0 ? 'the operator has not looked at it yet' : undefined
}

/** One that says that a part is not ready; that of a part before the sum of them. */
function falseCondition(service: ApiObject): unknown {
  const bad = listAt(service, 'status', 'conditions').filter((condition) => {
    const type = textAt(condition, 'type') ?? ''
    return textAt(condition, 'status') === 'False' && /^(Engine|Decoder|Router|Ingress|Predictor)?Ready$/.test(type)
  })
  return bad.find((condition) => textAt(condition, 'type') !== 'Ready') ?? bad[0]
}

function conditionText(condition: unknown): string {
  const told = textAt(condition, 'message') ?? textAt(condition, 'reason') ?? 'is False'
  return `${textAt(condition, 'type') ?? 'a condition'}: ${told}`
}
