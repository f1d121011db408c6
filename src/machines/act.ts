import {type InstanceProvider, OmniError, type StopOptions} from '@omni-cli/sdk'
import type {Progress, Step} from '@omni-cli/sdk/cli'
import {actOnEach, type ServiceVerb} from '../apps/act.ts'
import {type Machine, machineOf, type RunningService, serviceOf, type Workload} from './workload.ts'

export interface ActOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Instances are cut off instead of asked to shut down. */
  readonly force?: boolean | undefined
  /** How long an instance may take to shut down, or to become ready. */
  readonly timeoutMs?: number | undefined
  /** A started instance is waited for until programs run inside and it has an address. Default true. */
  readonly wait?: boolean | undefined
}

const AT_ONCE = 8
const READY_TIMEOUT_MS = 300_000

/** Starts, stops or restarts all of them, a step of progress each. USAGE for options that services have not. */
export async function changeWorkloads(
  verb: ServiceVerb,
  workloads: readonly Workload[],
  options: ActOptions,
): Promise<Workload[]> {
  refuseForServices(workloads, options)
  const areServices = workloads.every(({kind}) => kind === 'service')
  const chosen = new Map(workloads.map((workload) => [areServices ? workload.name : workload.ref, workload]))
  const change = (workload: Workload): Promise<Workload> =>
    options.progress.step(`${verb} ${workload.name}`, (step) =>
      workload.kind === 'service'
        ? changeService(verb, workload, {step, signal: options.signal})
        : changeMachine(verb, workload, {...options, step}),
    )
  return actOnEach(chosen, change, areServices ? undefined : AT_ONCE)
}

function refuseForServices(workloads: readonly Workload[], {force, timeoutMs, wait}: ActOptions): void {
  const service = workloads.find(({kind}) => kind === 'service')
  if (service === undefined) return
  const flag =
    force === true ? '--force' : timeoutMs === undefined ? (wait === false ? '--no-wait' : undefined) : '--timeout'
  if (flag === undefined) return
  throw new OmniError('USAGE', `${flag} is for instances, and '${service.name}' is a service`, {
    hint: `leave out ${flag}`,
  })
}

async function changeService(
  verb: ServiceVerb,
  {driver, name}: RunningService,
  {step, signal}: {readonly step: Step; readonly signal: AbortSignal},
): Promise<Workload> {
  return serviceOf(driver, await driver[verb](name, {signal, onProgress: (note) => step.note(note)}))
}

async function changeMachine(
  verb: ServiceVerb,
  {driver, name, state}: Machine,
  options: ActOptions & {readonly step: Step},
): Promise<Workload> {
  const {signal, step, force, timeoutMs, wait = true} = options
  const call: StopOptions = {signal, force, timeoutMs, onProgress: (note) => step.note(note)}
  if (verb === 'stop') return machineOf(driver, await driver.stop(name, call))
  if (verb === 'restart' && state.status !== 'stopped') await restart(driver, name, call)
  else await driver.start(name, call)
  if (wait) {
    const {awaitReady} = await import('@omni-cli/sdk/engine')
    const spec = {network: state.settings?.network, wait: {timeout: timeoutMs ?? READY_TIMEOUT_MS}}
    return machineOf(driver, await awaitReady(driver, name, spec, call))
  }
  const after = await driver.get(name, {signal})
  if (after === undefined) throw new OmniError('NOT_FOUND', `'${name}' is gone`, {hint: 'omni get instances'})
  return machineOf(driver, after)
}

async function restart(driver: InstanceProvider, name: string, call: StopOptions): Promise<void> {
  if (driver.restart !== undefined) {
    await driver.restart(name, call)
    return
  }
  await driver.stop(name, call)
  await driver.start(name, call)
}
