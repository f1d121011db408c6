import {isDeepStrictEqual} from 'node:util'
import {type ServiceSpec, strategyOf} from '@omni-cli/sdk'
import {adjustCanary, beginCanary} from '../canary/begin.ts'
import {endCanary} from '../canary/end.ts'
import type {ControlContext} from '../context.ts'
import {isServing} from '../fleet.ts'
import {bringTo} from '../replica-count.ts'
import type {ServiceRow} from '../store/services.ts'
import {releaseVersion, type ServiceDeploy} from './release.ts'
import {isSameVersion, isSameWorkload, wantedReplicas} from './spec.ts'

/**
 * Makes the spec the running version; with the strategy canary, one beside it. The lock of the service is held. Nothing
 * happens when it runs already; when only the number of replicas differs, it is scaled. DEPLOY_FAILED with a
 * ServiceFailure: the version before serves on.
 */
export async function deployService(context: ControlContext, spec: ServiceSpec, options: ServiceDeploy): Promise<void> {
  const row = context.store.services.get(spec.name)
  const desired = wantedReplicas(spec, row)
  const step = row === undefined ? 'release' : deployStep(row, spec, {...runningOf(context, row), desired})
  if (row === undefined || step === 'release') return releaseVersion(context, spec, {...options, desired})
  if (step === 'canary') return beginCanary(context, spec, {...options, desired})
  if (step === 'adjust') return adjustCanary(context, spec, {...options, desired})
  if (step === 'abort') {
    await endCanary(context, spec.name, {reason: 'the stable version was deployed again', actor: options.actor})
  }
  await keepVersion(context, spec, {...options, desired})
}

export type DeployStep = 'keep' | 'release' | 'canary' | 'adjust' | 'abort'

export interface Running {
  /** The release is there and every replica serves. */
  readonly isWhole: boolean
  /** At least one stable replica serves. */
  readonly isServed: boolean
}

/** What a deploy of the spec has to do. */
export function deployStep(
  row: Pick<ServiceRow, 'spec' | 'canary'>,
  spec: ServiceSpec,
  {isWhole, isServed, desired}: Running & {readonly desired: number},
): DeployStep {
  const isCanary = strategyOf(spec) === 'canary' && desired > 0
  // That it would be a canary, if it were new, does not make it new.
  const isStable = isCanary ? isSameWorkload(row.spec, spec) : isSameVersion(row.spec, spec)
  if (row.canary !== undefined && isCanary && isSameWorkload(row.canary.spec, spec)) return 'adjust'
  if (isStable && isWhole) return row.canary === undefined ? 'keep' : 'abort'
  return isCanary && !isStable && isServed ? 'canary' : 'release'
}

/** The version that runs, with what may change without a new one. */
async function keepVersion(
  context: ControlContext,
  spec: ServiceSpec,
  {desired, signal, actor}: ServiceDeploy & {readonly desired: number},
): Promise<void> {
  const {store, events} = context
  const row = store.services.get(spec.name)
  if (row === undefined || (desired === row.desired && isDeepStrictEqual(plain(row.spec), plain(spec)))) return
  if (desired !== row.desired) await bringTo(context, row, {signal, desired})
  store.durably(() => store.services.update(spec.name, {spec, desired}))
  if (desired === row.desired) return
  const [message, details] = [`'${spec.name}' scaled to ${desired}`, {from: row.desired, to: desired}]
  events.add({service: spec.name, type: 'service.scaled', message, details, actor})
}

const plain = (spec: ServiceSpec): unknown => JSON.parse(JSON.stringify(spec)) as unknown

function runningOf({fleet}: ControlContext, row: ServiceRow): Running {
  const current = fleet.of(row.name).filter((replica) => isServing(replica) && replica.plan.release === row.release)
  const isOn = row.state === 'running' && row.release !== undefined
  return {isWhole: isOn && current.length === row.desired, isServed: isOn && current.length > 0}
}
