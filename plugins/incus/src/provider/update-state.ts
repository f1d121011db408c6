import {
  type CallOptions,
  formatDuration,
  type Instance,
  isAbort,
  isOmniError,
  OmniError,
  type RemoveOptions,
  retry,
  type StopOptions,
} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient} from '../client/client.ts'
import {instanceWire, operationWire, type WireInstance} from '../client/wire.ts'
import {instanceOf} from './map.ts'
import {isTrue} from './map-sizes.ts'
import {changeState, getInstance, listOperations, removeInstance, removeVolume, type StateChange} from './requests.ts'

const GRACE_MS = 60_000

/** As observed now. NOT_FOUND when there is none of exactly this name. */
export async function currentInstance(client: IncusClient, name: string, options?: CallOptions): Promise<WireInstance> {
  const found = await client.find(instanceWire, getInstance(name), options)
  if (found === undefined) throw absent(name)
  return found.value
}

const absent = (name: string) =>
  new OmniError('NOT_FOUND', `there is no instance '${name}'`, {hint: 'omni get instances'})

/** Starts what is off and wakes what is frozen; what runs is left alone. */
export async function startInstance(client: IncusClient, name: string, options?: CallOptions): Promise<Instance> {
  const {status} = instanceOf(await currentInstance(client, name, options))
  if (status === 'frozen') await change(client, name, {action: 'unfreeze'}, 'running', options)
  else if (status !== 'running') await change(client, name, {action: 'start', timeout: -1}, 'running', options)
  return instanceOf(await currentInstance(client, name, options))
}

/** Asks it to shut down, or cuts it off; TIMEOUT when it is still up afterwards. */
export async function stopInstance(client: IncusClient, name: string, options: StopOptions = {}): Promise<Instance> {
  const {force = false, timeoutMs = GRACE_MS, ...call} = options
  const before = instanceOf(await currentInstance(client, name, call))
  if (before.status === 'stopped') return before
  // Asleep it cannot shut down.
  if (before.status === 'frozen' && !force) await change(client, name, {action: 'unfreeze'}, 'running', call)
  const timeout = force ? -1 : Math.max(1, Math.ceil(timeoutMs / 1000))
  try {
    await change(client, name, {action: 'stop', timeout, force}, 'stopped', call)
  } catch (error) {
    if (force || isAbort(error) || !isTooSlow(error)) throw error
    throw new OmniError('TIMEOUT', `'${name}' did not shut down within ${formatDuration(timeoutMs)}`, {
      hint: `omni stop ${name} --force`,
      cause: error,
    })
  }
  const state = instanceOf(await currentInstance(client, name, call))
  // An ephemeral one is gone by now; one that restarts itself is not stopped.
  if (state.status === 'stopped') return state
  throw new OmniError('CONFLICT', `'${name}' was started again by somebody else`, {hint: `omni get instance ${name}`})
}

const isTooSlow = (error: unknown): boolean =>
  isOmniError(error) && (error.code === 'TIMEOUT' || /failed shutting down/i.test(error.message))

/** CONFLICT for a machine that a stop would remove, asked before what stops it only for a while. */
export function refuseEphemeral({name, ephemeral}: Pick<WireInstance, 'name' | 'ephemeral'>): void {
  if (!ephemeral) return
  throw new OmniError('CONFLICT', `'${name}' is ephemeral: Incus removes it as soon as it stops`, {
    hint: `incus config set ${name} --property ephemeral=false`,
  })
}

export async function restartInstance(client: IncusClient, name: string, options: StopOptions = {}): Promise<Instance> {
  const {force: _, timeoutMs: __, ...call} = options
  refuseEphemeral(await currentInstance(client, name, call))
  await stopInstance(client, name, options)
  return startInstance(client, name, call)
}

/** Cuts it off and removes it with its snapshots; `purge` also removes the volumes that only this machine had. */
export async function discardInstance(client: IncusClient, name: string, options: RemoveOptions = {}): Promise<void> {
  const {purge = false, ...call} = options
  const found = await findOrAwait(client, name, call)
  if (found === undefined) return
  if (isTrue(found.expanded_config['security.protection.delete'])) {
    throw new OmniError('CONFLICT', `'${name}' is protected from removal`, {
      hint: `write "protect: false" into its plan and apply it, or: incus config set ${name} security.protection.delete=false`,
    })
  }
  await whenFree(call, async () => {
    const wire = (await client.find(instanceWire, getInstance(name), call))?.value
    if (wire !== undefined && instanceOf(wire).status !== 'stopped') {
      await ignoreAbsent(change(client, name, {action: 'stop', timeout: -1, force: true}, 'stopped', call))
    }
    await ignoreAbsent(client.operate(removeInstance(name), call))
  })
  if (purge) await removeVolumes(client, found.devices, call)
  if ((await client.find(instanceWire, getInstance(name), call)) !== undefined) {
    throw new OmniError('CONFLICT', `'${name}' is still there: somebody else made it again`)
  }
}

/** The machine, also one that is only just being made, by a call that was cut off. */
async function findOrAwait(client: IncusClient, name: string, options: CallOptions): Promise<WireInstance | undefined> {
  const found = await client.find(instanceWire, getInstance(name), options)
  if (found !== undefined) return found.value
  const {value} = await client.fetch(operationsWire, listOperations(), options)
  const making = value.running?.find(({resources}) =>
    resources.instances?.some((path) => path.split(/[/?]/)[3] === encodeURIComponent(name)),
  )
  if (making === undefined) return undefined
  await client.settle(making, options)
  return (await client.find(instanceWire, getInstance(name), options))?.value
}

const operationsWire = z.object({running: z.optional(z.array(operationWire))})

/** Incus does one thing at a time with a machine, and turns away what comes in between: also a removal during a start. */
const whenFree = <T>({signal}: CallOptions, work: () => Promise<T>): Promise<T> =>
  retry({attempts: 60, baseMs: 50, maxMs: 1_000, signal, when: isBusy}, work)

const isBusy = (error: unknown): boolean =>
  isOmniError(error) && /busy running|^instance is running$/i.test(error.message)

/** Volumes that something else uses too are kept. */
async function removeVolumes(
  client: IncusClient,
  devices: WireInstance['devices'],
  options: CallOptions,
): Promise<void> {
  for (const {type, pool, source, path} of Object.values(devices)) {
    if (type !== 'disk' || path === '/' || pool === undefined || source === undefined) continue
    try {
      await client.send(removeVolume(pool, source), options)
    } catch (error) {
      if (!isOmniError(error) || (error.code !== 'CONFLICT' && error.code !== 'NOT_FOUND')) throw error
    }
  }
}

type Reached = 'running' | 'stopped'

/**
 * One change of state. When Incus says that it failed the machine is looked at: somebody else may have done the same, or the
 * guest went down a moment after the time was over.
 */
async function change(
  client: IncusClient,
  name: string,
  wanted: StateChange,
  reached: Reached,
  options: CallOptions = {},
): Promise<void> {
  try {
    await whenFree(options, () => client.operate(changeState(name, wanted), options))
  } catch (error) {
    if (isAbort(error)) throw error
    const found = await client.find(instanceWire, getInstance(name), options)
    if (found === undefined || instanceOf(found.value).status !== reached) throw error
  }
}

async function ignoreAbsent(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!isOmniError(error) || error.code !== 'NOT_FOUND') throw error
  }
}
