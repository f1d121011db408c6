import {isOmniError, messageOf, OmniError, poll, type ServiceSpec, throwIfAborted} from '@omni-cli/sdk'
import type {ControlContext} from '../context.ts'
import type {DeployOutcome, DeployRequestOptions} from '../control.ts'
import {isServing} from '../fleet.ts'
import {type DeployPlan, planDeploy} from './plan.ts'
import {deployService} from './service.ts'

type DeployError = DeployOutcome['errors'][number]

/**
 * Deploys many services, dependencies first, the others side by side. What can be known is checked before anything is
 * touched. A service that fails fails those that depend on it.
 */
export async function deployAll(
  context: ControlContext,
  specs: readonly ServiceSpec[],
  options: DeployRequestOptions,
): Promise<DeployOutcome> {
  throwIfAborted(options.signal)
  const deployed = new Map(context.store.services.list().map((row) => [row.name, row]))
  const plan = planDeploy(specs, deployed, {...context, isTolerant: options.isTolerant})
  const outcomes = new Map<string, Promise<DeployError | undefined>>()
  // Dependencies come first in the plan, so theirs are in the map when they are asked for.
  for (const spec of plan.specs) outcomes.set(spec.name, deployOne(context, spec, {plan, outcomes, options}))
  const errors = (await Promise.all(outcomes.values())).filter((error) => error !== undefined)
  const failed = new Set(errors.map(({service}) => service))
  return {
    deployed: plan.specs.map(({name}) => name).filter((name) => !failed.has(name)),
    errors,
    warnings: plan.warnings,
  }
}

interface Surroundings {
  readonly plan: DeployPlan
  readonly outcomes: ReadonlyMap<string, Promise<DeployError | undefined>>
  readonly options: DeployRequestOptions
}

async function deployOne(
  context: ControlContext,
  spec: ServiceSpec,
  {plan, outcomes, options}: Surroundings,
): Promise<DeployError | undefined> {
  const {name} = spec
  const problem = plan.problems.get(name)
  if (problem !== undefined) return {service: name, ...problem}
  const {actor, reason, onProgress} = options
  const signal = AbortSignal.any([context.closing, ...(options.signal === undefined ? [] : [options.signal])])
  const note = (text: string) => onProgress?.({service: name, note: text})
  try {
    await context.runtime.requireFor?.(spec)
    const awaited = options.isTolerant === true ? earlier(spec, plan.specs) : spec.depends_on
    for (const dependency of awaited) await dependencyDeployed(dependency, outcomes)
    // Without the lock: many that wait must not keep away the one they wait for.
    if (options.isTolerant !== true) await dependenciesReady(context, spec, {signal, note})
    const work = async () => {
      refuseExisting(context, name, options)
      await deployService(context, spec, {actor, reason, signal, note})
    }
    await context.locks.run(name, work, {signal})
    return undefined
  } catch (error) {
    const {code, details} = isOmniError(error) ? error : {code: undefined, details: undefined}
    if (code === undefined) context.log.debug('deploy failed', {service: name, problem: messageOf(error)})
    return {service: name, code, message: messageOf(error), details}
  }
}

/** Dependencies that this deploy brings before the service. */
function earlier(spec: ServiceSpec, order: readonly ServiceSpec[]): string[] {
  const before = new Set(order.slice(0, order.indexOf(spec)).map(({name}) => name))
  return spec.depends_on.filter((name) => before.has(name))
}

async function dependencyDeployed(name: string, outcomes: Surroundings['outcomes']): Promise<void> {
  if ((await outcomes.get(name)) !== undefined) {
    throw new OmniError('DEPLOY_FAILED', `it depends on '${name}', which could not be deployed`)
  }
}

function refuseExisting({store}: ControlContext, name: string, {onlyNew = false}: DeployRequestOptions): void {
  if (onlyNew && store.services.get(name) !== undefined) {
    throw new OmniError('CONFLICT', `service '${name}' exists already`, {hint: `omni describe service ${name}`})
  }
}

/** A service whose dependency never answers would only fail later and less clearly. */
async function dependenciesReady(
  {fleet, store}: ControlContext,
  spec: ServiceSpec,
  {signal, note}: {readonly signal: AbortSignal; readonly note: (text: string) => void},
): Promise<void> {
  const timeoutMs = (spec.deploy?.ready_timeout_secs ?? 60) * 1000
  for (const name of spec.depends_on) {
    const isReady = () => fleet.of(name).some(isServing)
    if (isReady()) continue
    const row = store.services.get(name)
    if (row === undefined || row.state === 'stopped' || row.desired === 0) {
      throw new OmniError('DEPLOY_FAILED', `it depends on '${name}', which does not run`, {hint: `omni start ${name}`})
    }
    note(`waiting for ${name}`)
    await poll({everyMs: 50, timeoutMs, signal}, isReady).catch((error) => {
      if (!isOmniError(error) || error.code !== 'TIMEOUT') throw error
      throw new OmniError('DEPLOY_FAILED', `it depends on '${name}', which is not ready`, {hint: `omni logs ${name}`})
    })
  }
}
