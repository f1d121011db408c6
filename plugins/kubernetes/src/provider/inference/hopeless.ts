import {textAt} from '../../fields.ts'
import {componentsOf, type Parts} from './component.ts'
import {failureOf, isObserved} from './status.ts'
import {type Trouble, type TroubleKind, worst} from './trouble.ts'

/** A cause that no waiting mends. */
export interface Cause {
  /** `ImagePullError`, `CrashLoopBackOff`, `NoSupportingRuntime`, … */
  readonly reason: string
  readonly message: string
  readonly trouble?: Trouble | undefined
}

/** Answers of the operator that only another spec, model or runtime changes. */
const FINAL_FAILURES: ReadonlySet<string> = new Set([
  'NoSupportingRuntime',
  'RuntimeDisabled',
  'RuntimeNotRecognized',
  'BaseModelNotFound',
  'InvalidPredictorSpec',
])

/** The registry has answered, and will not answer otherwise. */
const FINAL_IMAGE =
  /not found|manifest unknown|denied|unauthorized|forbidden|ErrImageNeverPull|InvalidImageName|no match for platform/i

/** How long a trouble may last, in milliseconds, before it counts as lasting. */
export interface Patience {
  readonly imageMs: number
  readonly configMs: number
  readonly devicesMs: number
  /** Failures that were told before the change are not believed for so long. */
  readonly staleMs: number
}

export const PATIENCE: Patience = {imageMs: 180_000, configMs: 20_000, devicesMs: 60_000, staleMs: 20_000}

/** It has ended twice, and is given pauses between its starts. */
const RESTARTS = 1

/**
 * Decides, sight after sight, whether a service can still become ready.
 * @param before the operator's failure at the start, which may be about the state before the change
 */
export function createJudgement(before: string | undefined, patience: Patience = PATIENCE, now = Date.now) {
  const startedMs = now()
  const since = new Map<TroubleKind, number>()
  const lastingMs = (kind: TroubleKind): number => now() - (since.get(kind) ?? now())
  return (parts: Parts): Cause | undefined => {
    const told = failureOf(parts.service)
    const isStale = failureText(parts) === before && now() - startedMs < patience.staleMs
    if (told !== undefined && FINAL_FAILURES.has(told.reason) && isObserved(parts.service) && !isStale) {
      return {reason: told.reason, message: told.message === '' ? told.reason : told.message}
    }
    const components = componentsOf(parts)
    const troubles = components.flatMap((component) => component.troubles)
    for (const {kind} of troubles) if (!since.has(kind)) since.set(kind, now())
    for (const kind of since.keys()) if (!troubles.some((trouble) => trouble.kind === kind)) since.delete(kind)
    const stuck = components.find((component) => component.stuck !== undefined && component.ready < component.desired)
    const trouble = worst(troubles)
    if (trouble !== undefined && isFinal(trouble, lastingMs(trouble.kind), patience)) {
      return {reason: REASON[trouble.kind], message: trouble.message, trouble}
    }
    if (stuck?.stuck === undefined) return undefined
    return {reason: 'NotReady', message: trouble?.message ?? `${stuck.name}: ${stuck.stuck}`, trouble}
  }
}

/** What the operator's last failure says, to tell an old one from a new one. */
export const failureText = ({service}: Pick<Parts, 'service'>): string | undefined => {
  const failure = failureOf(service)
  const at = textAt(service, 'status', 'modelStatus', 'lastFailureInfo', 'time') ?? ''
  return failure === undefined ? undefined : `${failure.reason} ${failure.message} ${at}`
}

function isFinal({kind, message, restarts}: Trouble, lastedMs: number, patience: Patience): boolean {
  switch (kind) {
    case 'image-pull':
      return FINAL_IMAGE.test(message) || lastedMs >= patience.imageMs
    case 'crash':
      return restarts >= RESTARTS
    case 'config':
      return lastedMs >= patience.configMs
    case 'no-gpus':
    case 'unschedulable':
      return lastedMs >= patience.devicesMs
    case 'no-model':
    case 'unready':
    case 'starting':
      return false
    default:
      return kind satisfies never
  }
}

/** As failures of services are called everywhere. */
export const REASON = {
  'image-pull': 'ImagePullError',
  crash: 'CrashLoopBackOff',
  config: 'StartFailed',
  'no-model': 'ModelNotOnNodes',
  'no-gpus': 'DevicesMissing',
  unschedulable: 'Unschedulable',
  unready: 'NotReady',
  starting: 'NotReady',
} as const satisfies Record<TroubleKind, string>
