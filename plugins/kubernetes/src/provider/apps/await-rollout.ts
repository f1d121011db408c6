import {type CallOptions, isOmniError, OmniError, type ServiceFailure} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {failureText, lastLines} from './failure.ts'
import {RELEASE_LABEL, RESTART_ANNOTATION} from './names.ts'
import {isComplete, livePods} from './observe.ts'
import {isReady, type Trouble, troubleOf} from './pod-state.ts'
import type {ReleaseRecord} from './record.ts'
import {type Verdict, type Watched, watchApp} from './watch.ts'
import type {DeploymentObject, Labelled, PodObject} from './wire.ts'

export interface RolloutTarget {
  readonly namespace: string
  readonly name: string
  readonly release: Pick<ReleaseRecord, 'id' | 'restartedAt' | 'spec'>
  /** `metadata.generation` of the Deployment as it was applied: what is older is not looked at. */
  readonly generation: number
}

const REPLACED = {isReplaced: true} as const

/** Another command is at work, or it was removed: there is nothing of ours to undo. */
export const isReplaced = (error: unknown): boolean => isOmniError(error) && error.details === REPLACED

type Outcome =
  | {readonly failure: ServiceFailure; readonly pod?: PodObject | undefined}
  | 'ready'
  | 'replaced'
  | 'removed'

/**
 * Resolves when every pod is of the release and ready, and no other is left; a failure when that will not be, or not in time: each
 * replica that becomes ready gives the next one its time.
 */
export async function awaitRollout(
  client: KubeClient,
  target: RolloutTarget,
  {signal, onProgress}: CallOptions,
): Promise<ServiceFailure | undefined> {
  const judge = createJudge(target, onProgress)
  const outcome = await watchApp<Outcome>(client, {...target, signal}, judge)
  const {name} = target
  if (outcome === 'ready') return undefined
  if (outcome === 'removed')
    throw new OmniError('NOT_FOUND', `'${name}' was removed while it was deployed`, {details: REPLACED})
  if (outcome === 'replaced') {
    throw new OmniError('CONFLICT', `another deploy of '${name}' began before this one was done`, {
      hint: `omni releases ${name}`,
      details: REPLACED,
    })
  }
  const {failure, pod} = outcome
  if (pod !== undefined && failure.reason === 'Unschedulable') {
    const {shortageOf} = await import('./shortage.ts')
    const shortage = await shortageOf(client, pod, {signal})
    return shortage === undefined ? failure : {...failure, message: `${shortage} (${failure.message})`}
  }
  return pod === undefined ? failure : {...failure, lastLines: await lastLines(client, pod, {signal})}
}

function createJudge({release, generation}: RolloutTarget, onProgress: CallOptions['onProgress']) {
  const timeoutMs = (release.spec.deploy?.ready_timeout_secs ?? 60) * 1000
  let deadline = Date.now() + timeoutMs
  let best = 0
  let told = ''
  return ({deployment, pods}: Watched): Verdict<Outcome> => {
    if (deployment === undefined) return {done: 'removed'}
    if ((deployment.metadata.generation ?? 0) < generation) return {lookAgainMs: deadline - Date.now()}
    if (!isOfVersion(deployment.spec.template, release)) return {done: 'replaced'}
    if (isComplete(deployment)) return {done: 'ready'}
    const fresh = livePods(pods).filter((pod) => isOfVersion(pod, release))
    const ready = fresh.filter(isReady).length
    if (ready > best) deadline = Date.now() + timeoutMs
    best = Math.max(best, ready)
    const note = noteOf(deployment, fresh, ready)
    if (note !== told) onProgress?.(note)
    told = note
    const late = Date.now() >= deadline
    const failed = hopeless(deployment, fresh) ?? (late ? tooLate(fresh, timeoutMs) : undefined)
    return failed === undefined ? {lookAgainMs: deadline - Date.now()} : {done: failed}
  }
}

/** Also not of a restart before. */
const isOfVersion = (
  {metadata}: {readonly metadata?: Labelled},
  {id, restartedAt}: RolloutTarget['release'],
): boolean => metadata?.labels?.[RELEASE_LABEL] === id && metadata.annotations?.[RESTART_ANNOTATION] === restartedAt

function noteOf({spec, status}: DeploymentObject, fresh: readonly PodObject[], ready: number): string {
  const wanted = spec.replicas ?? 1
  const count = `${ready} of ${wanted} ready`
  const trouble = fresh.map((pod) => (isReady(pod) ? undefined : troubleOf(pod))).find((found) => found !== undefined)
  if (trouble !== undefined) return `${count}; ${trouble.reason}: ${trouble.message}`
  return ready === wanted && (status?.replicas ?? 0) > wanted ? `${count}; the old ones leave` : count
}

/** What waiting does not mend. */
function hopeless({status}: DeploymentObject, fresh: readonly PodObject[]): Outcome | undefined {
  for (const pod of fresh) {
    const trouble = isReady(pod) ? undefined : troubleOf(pod)
    if (trouble?.isFinal === true) return {pod, failure: failureOf(trouble.reason, trouble.message, trouble)}
  }
  const refused = status?.conditions?.find(({type, status: value}) => type === 'ReplicaFailure' && value === 'True')
  if (refused === undefined || fresh.length > 0) return undefined
  return {failure: failureOf('StartFailed', refused.message ?? 'the cluster refuses its pods')}
}

function tooLate(fresh: readonly PodObject[], timeoutMs: number): Outcome {
  const waited = `not ready within ${timeoutMs / 1000} s (deploy.ready_timeout_secs)`
  const pod = fresh.find((one) => !isReady(one))
  const trouble = pod === undefined ? undefined : troubleOf(pod)
  if (trouble === undefined) return {failure: failureOf('NotReady', waited), pod}
  const message = trouble.reason === 'Unschedulable' ? trouble.message : `${waited}: ${trouble.message}`
  return {pod, failure: failureOf(trouble.reason, message, trouble)}
}

const failureOf = (reason: string, message: string, {exit, restarts = 0}: Partial<Trouble> = {}): ServiceFailure => ({
  ...{reason, message: failureText(message), restarts, at: new Date().toISOString(), lastLines: []},
  ...(exit === undefined ? {} : {exit}),
})
