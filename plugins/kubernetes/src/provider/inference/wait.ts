import {
  type CallOptions,
  formatDuration,
  isAbort,
  isOmniError,
  OmniError,
  type Service,
  type ServiceFailure,
  sleep,
} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {at, textMapAt} from '../../fields.ts'
import {type ComponentState, componentsOf, type Parts, podsOfComponent} from './component.ts'
import {gatherOne} from './gather.ts'
import {type Cause, createJudgement, type Patience} from './hopeless.ts'
import {lastLines} from './last-lines.ts'
import {toService} from './map.ts'
import {hasOwnPods} from './mode.ts'
import {ANNOTATION} from './names.ts'
import {observe} from './observe.ts'
import {phaseOf} from './phase.ts'
import {judge} from './status.ts'

export interface WaitOptions extends CallOptions {
  /** Beside being ready. Default: nothing. */
  readonly isReached?: ((parts: Parts) => boolean) | undefined
  /** The operator's failure before the change: `failureText`. */
  readonly failureBefore?: string | undefined
  readonly patience?: Patience | undefined
  readonly timeoutMs?: number | undefined
}

/** An operator that does not tell which version of the spec it has seen is given this long to react. */
const UNTOLD_MS = 3_000
const TIMEOUT_MS = 30 * 60_000

/**
 * Resolves when the service was seen ready with its newest spec: every component has its replicas, all of the newest template.
 * DEPLOY_FAILED, with cause and last lines, as soon as it is certain that it will not be; TIMEOUT with what it waits for; ABORTED,
 * which says that what was asked goes on.
 */
export async function awaitReady(client: KubeClient, name: string, options: WaitOptions = {}): Promise<Service> {
  try {
    return await untilReady(client, name, options)
  } catch (error) {
    throw isAbort(error) ? interrupted(name, error) : error
  }
}

const interrupted = (name: string, cause: unknown): OmniError =>
  new OmniError('ABORTED', `interrupted while waiting; what was asked of '${name}' stays, and goes on by itself`, {
    hint: `omni status service ${name}`,
    cause,
  })

async function untilReady(client: KubeClient, name: string, options: WaitOptions): Promise<Service> {
  const {signal, onProgress, timeoutMs = TIMEOUT_MS} = options
  const judgement = createJudgement(options.failureBefore, options.patience)
  const startedMs = Date.now()
  let told = ''
  let last: Parts | undefined
  for await (const sight of observe(client, name, {signal, tickMs: timeoutMs})) {
    const {service} = sight
    if (service === undefined) throw gone(name)
    const parts: Parts = {...sight, service}
    last = parts
    if (isReady(parts, options)) {
      // Watches of different kinds are not in step: what they say is asked again, at one time.
      const isTold = at(service, 'status', 'observedGeneration') !== undefined
      if (!isTold && Date.now() - startedMs < UNTOLD_MS) await sleep(UNTOLD_MS, signal)
      const fresh = await gatherOne(client, name, {signal}).catch(unlessAway)
      if (fresh !== undefined && isReady(fresh, options)) return toService(fresh)
    }
    const phase = phaseOf(parts)
    if (phase !== told) onProgress?.(phase)
    told = phase
    const cause = judgement(parts)
    if (cause !== undefined) throw await failed(client, parts, cause, {signal})
    if (Date.now() - startedMs >= timeoutMs) throw late(parts, timeoutMs)
  }
  throw last === undefined ? gone(name) : late(last, timeoutMs)
}

/** A server that is away for a moment is asked again; the watches go on by themselves. */
function unlessAway(error: unknown): undefined {
  if (!isOmniError(error) || error.code !== 'UNAVAILABLE') throw error
}

function isReady(parts: Parts, {isReached}: WaitOptions): boolean {
  const components = componentsOf(parts)
  if (judge(parts.service, components).status !== 'running') return false
  if (!hasOwnPods(parts.service)) return isReached?.(parts) ?? true
  const isExact = components.every(({name, desired}) => podsOfComponent(parts, name).length >= desired)
  return isExact && components.every((component) => isOfSize(parts, component)) && (isReached?.(parts) ?? true)
}

/** The autoscaler has done its part: as many as the service allows. With the class external there is none. */
function isOfSize({service}: Parts, {desired, minReplicas = 0, maxReplicas = desired}: ComponentState): boolean {
  const isExternal = textMapAt(service, 'metadata', 'annotations')[ANNOTATION.autoscaler] === 'external'
  return isExternal || (desired >= minReplicas && desired <= Math.max(maxReplicas, minReplicas))
}

const gone = (name: string): OmniError =>
  new OmniError('NOT_FOUND', `'${name}' was removed by someone while it was waited for`, {hint: 'omni get services'})

function late(parts: Parts, timeoutMs: number): OmniError {
  const {name} = parts.service.metadata
  const reason = judge(parts.service, componentsOf(parts)).reason ?? phaseOf(parts)
  return new OmniError('TIMEOUT', `'${name}' is not ready after ${formatDuration(timeoutMs)}: ${reason}`, {
    hint: `omni debug service ${name}`,
  })
}

async function failed(client: KubeClient, parts: Parts, cause: Cause, call: CallOptions): Promise<OmniError> {
  const {name} = parts.service.metadata
  const {reason, message, trouble} = cause
  const lines = trouble === undefined ? [] : await lastLines(client, parts, trouble, call)
  const details: ServiceFailure = {
    ...{reason, message, restarts: trouble?.restarts ?? 0, at: new Date().toISOString(), lastLines: lines},
  }
  const shown = lines.map((line) => `\n│ ${line}`).join('')
  return new OmniError('DEPLOY_FAILED', `'${name}' will not become ready: ${message}${shown}`, {
    hint: `omni debug service ${name}`,
    details,
  })
}
