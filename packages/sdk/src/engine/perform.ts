import type {CallOptions} from '../contracts/collection.ts'
import {OmniError} from '../errors.ts'
import {throwIfAborted} from '../io/sleep.ts'
import type {Drivers} from './observe.ts'
import type {Operation, Wanted} from './operation.ts'

export interface PerformOptions extends CallOptions {
  /** Runs before a spec is sent, e.g. uploads its sources. */
  readonly prepare?: ((wanted: Wanted, options: CallOptions) => Promise<void>) | undefined
  /** Removes in place of the drivers: for kinds that are not planned, or with data. */
  readonly remove?: ((ref: string, options: CallOptions) => Promise<void>) | undefined
}

export interface Task {
  readonly operation: Operation
  readonly wanted: Wanted | undefined
  readonly drivers: Drivers
}

/** Asks the driver for one operation; resolves when the driver has observed the new state. */
export async function perform({operation, wanted, drivers}: Task, options: PerformOptions): Promise<void> {
  const {prepare, remove, ...call} = options
  throwIfAborted(call.signal)
  const {action, ref} = operation
  if (action === 'keep') return
  if (action === 'remove' && remove !== undefined) return remove(ref, call)
  if (action === 'remove' || action === 'start' || action === 'stop') {
    const [kind = '', name = ''] = ref.split('/')
    const driver = kind === 'service' ? drivers.service : drivers.instance
    if (driver === undefined) throw noDriver(kind)
    await driver[action](name, call)
    return
  }
  if (wanted === undefined) throw new Error(`the plan has no spec for ${ref}`)
  await prepare?.(wanted, call)
  throwIfAborted(call.signal)
  if (wanted.kind === 'service') await sendService(action, wanted, drivers, call)
  else await sendInstance(action, wanted, drivers, call)
}

type SendAction = 'create' | 'update' | 'replace'

async function sendService(
  action: SendAction,
  {name, spec}: Extract<Wanted, {kind: 'service'}>,
  {service}: Drivers,
  options: CallOptions,
): Promise<void> {
  if (service === undefined) throw noDriver('service')
  if (action === 'replace') await service.remove(name, options)
  if (action === 'update') await service.update(name, spec, options)
  else await service.create(spec, options)
}

/** A plan wants its machines running. */
async function sendInstance(
  action: SendAction,
  {name, spec}: Extract<Wanted, {kind: 'instance'}>,
  {instance}: Drivers,
  options: CallOptions,
): Promise<void> {
  if (instance === undefined) throw noDriver('instance')
  if (action === 'replace') await instance.remove(name, options)
  const state =
    action === 'update' && instance.update !== undefined
      ? await instance.update(name, spec, options)
      : await instance.create(spec, options)
  if (state.status === 'stopped') await instance.start(name, options)
}

const noDriver = (kind: string) =>
  new OmniError('UNSUPPORTED', `there is no driver for ${kind}s in this context`, {hint: 'omni provider list'})
