import type {CallOptions, Collection} from '../contracts/collection.ts'
import type {InstanceProvider} from '../contracts/instance-provider.ts'
import {isOmniError, OmniError} from '../errors.ts'
import {throwIfAborted} from '../io/sleep.ts'
import type {InstanceSpec} from '../specs/instance.ts'
import {copyName} from './copy-name.ts'
import type {Drivers} from './observe.ts'
import type {Operation, Wanted} from './operation.ts'
import {awaitReady} from './ready.ts'

export interface PerformOptions extends CallOptions {
  /** Runs before a spec is sent, e.g. uploads its sources. */
  readonly prepare?: ((wanted: Wanted, options: CallOptions) => Promise<void>) | undefined
  /** Removes in place of the drivers: for kinds that are not planned, or with data. */
  readonly remove?: ((ref: string, options: CallOptions) => Promise<void>) | undefined
  /** Keep a copy of a machine before its disk is given up, where the driver can. Default true. */
  readonly keepsCopies?: boolean | undefined
  /** From here on something may have been changed. */
  readonly onBegin?: (() => void) | undefined
}

export interface Task {
  readonly operation: Operation
  readonly wanted: Wanted | undefined
  readonly drivers: Drivers
}

/** What an operation leaves beside the promised state. */
export interface Performed {
  /** Name of the copy that was kept of a machine. */
  readonly copy?: string | undefined
}

/** Asks the driver for one operation; resolves when the new state was observed, of a machine that it is ready. */
export async function perform({operation, wanted, drivers}: Task, options: PerformOptions): Promise<Performed> {
  const {prepare, remove, keepsCopies, onBegin, ...call} = options
  throwIfAborted(call.signal)
  const {action, ref} = operation
  if (action === 'keep') return {}
  if (action === 'remove' || action === 'start' || action === 'stop') {
    onBegin?.()
    if (action === 'remove' && remove !== undefined) await remove(ref, call)
    else await plainAction(action, ref, drivers, call)
    if (action === 'start' && wanted?.kind === 'instance') await ready(wanted.spec, drivers, call)
    return {}
  }
  if (wanted === undefined) throw new Error(`the plan has no spec for ${ref}`)
  await prepare?.(wanted, call)
  throwIfAborted(call.signal)
  onBegin?.()
  return send(action, wanted, drivers, {...call, keepsCopies})
}

async function plainAction(
  action: 'remove' | 'start' | 'stop',
  ref: string,
  drivers: Drivers,
  call: CallOptions,
): Promise<void> {
  const [kind = '', name = ''] = ref.split('/')
  if (kind === 'network' || kind === 'profile') return sideOf(kind, drivers).remove(name, call)
  const driver = kind === 'service' ? drivers.service : drivers.instance
  if (driver === undefined) throw noDriver(kind)
  await driver[action](name, call)
}

type SendAction = 'create' | 'update' | 'rebuild' | 'replace'

interface SendOptions extends CallOptions {
  readonly keepsCopies?: boolean | undefined
}

async function send(action: SendAction, wanted: Wanted, drivers: Drivers, options: SendOptions): Promise<Performed> {
  const {keepsCopies, ...call} = options
  switch (wanted.kind) {
    case 'service':
      await sendService(action, wanted, drivers, call)
      return {}
    case 'instance':
      return sendInstance(action, wanted.spec, drivers, options)
    case 'network':
      await sendSide(action, wanted.spec, sideOf('network', drivers), call)
      return {}
    case 'profile':
      await sendSide(action, wanted.spec, sideOf('profile', drivers), call)
      return {}
    default:
      return wanted satisfies never
  }
}

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

type Side<Spec> = Required<Collection<Spec, unknown>>

async function sendSide<Spec extends {readonly name: string}>(
  action: SendAction,
  spec: Spec,
  side: Side<Spec>,
  options: CallOptions,
): Promise<void> {
  if (action === 'update') await side.update(spec.name, spec, options)
  else await side.create(spec, options)
}

function sideOf<K extends 'network' | 'profile'>(kind: K, {instance}: Drivers) {
  const sides = {network: instance?.networks, profile: instance?.profiles}
  const side = sides[kind]
  if (side === undefined) throw noDriver(kind)
  return side
}

/** A plan wants its machines running, and ready. */
async function sendInstance(
  action: SendAction,
  spec: InstanceSpec,
  drivers: Drivers,
  {keepsCopies, ...call}: SendOptions,
): Promise<Performed> {
  const {instance} = drivers
  if (instance === undefined) throw noDriver('instance')
  const copy =
    keepsCopies !== false && (action === 'rebuild' || action === 'replace')
      ? await keepCopy(instance, spec.name, call)
      : undefined
  try {
    await makeAsWanted(action, spec, instance, call)
    await ready(spec, drivers, call)
  } catch (error) {
    if (copy === undefined) throw error
    if (action === 'rebuild') await startAgain(instance, spec.name)
    throw withCopy(error, copy)
  }
  return {copy}
}

async function makeAsWanted(
  action: SendAction,
  spec: InstanceSpec,
  provider: InstanceProvider,
  call: CallOptions,
): Promise<void> {
  const {name} = spec
  if (action === 'replace') await provider.remove(name, call)
  const state =
    action === 'rebuild' && provider.rebuild !== undefined
      ? await provider.rebuild(name, spec, call)
      : action === 'update' && provider.update !== undefined
        ? await provider.update(name, spec, call)
        : await provider.create(spec, call)
  // Labels say what was applied: only now it is.
  const isLabelled = Object.entries(spec.metadata ?? {}).every(([key, value]) => state.labels[key] === value)
  if (action === 'rebuild' && !isLabelled) await provider.update?.(name, spec, call)
  if (state.status === 'stopped' || state.status === 'frozen') await provider.start(name, call)
}

async function ready(spec: InstanceSpec, {instance}: Drivers, call: CallOptions): Promise<void> {
  if (instance !== undefined) await awaitReady(instance, spec.name, spec, call)
}

/** The name of a whole copy, stopped, that belongs to no plan; undefined where the driver cannot make one. */
async function keepCopy(provider: InstanceProvider, name: string, call: CallOptions): Promise<string | undefined> {
  if (provider.copies === undefined) return undefined
  const copy = copyName(name, new Date())
  const before = await provider.get(name, call)
  if (before?.isEphemeral === true) throw goneWhenStopped(name)
  const isRunning = before?.status === 'running'
  call.onProgress?.(`keeping a copy: ${copy}`)
  try {
    // What is written until the machine is off belongs to the copy, too.
    if (isRunning) await stopOrCut(provider, name, call)
    await provider.copies.copy(name, copy, call)
  } catch (error) {
    if (isRunning) await startAgain(provider, name)
    throw error
  }
  return copy
}

const goneWhenStopped = (name: string): OmniError =>
  new OmniError(
    'CONFLICT',
    `'${name}' is ephemeral: it is gone as soon as it stops, so that no copy of it can be kept`,
    {
      hint: `omni delete instance ${name}, then apply the plan again`,
    },
  )

const GRACE_MS = 30_000

async function stopOrCut(provider: InstanceProvider, name: string, call: CallOptions): Promise<void> {
  try {
    await provider.stop(name, {...call, timeoutMs: GRACE_MS})
  } catch (error) {
    if (!isOmniError(error) || error.code !== 'TIMEOUT') throw error
    await provider.stop(name, {...call, force: true})
  }
}

/** As it was, as far as that goes; what went wrong before is what is told. */
const startAgain = (provider: InstanceProvider, name: string): Promise<unknown> =>
  provider.start(name).catch(() => undefined)

/** The same error, which also tells where the data are. */
function withCopy(error: unknown, copy: string): unknown {
  if (!isOmniError(error)) return error
  const {code, message, hint, details, retryable} = error
  return new OmniError(code, `${message}; the machine as it was is kept as '${copy}'`, {
    hint,
    details,
    retryable,
    cause: error,
  })
}

const noDriver = (kind: string) =>
  new OmniError('UNSUPPORTED', `there is no driver for ${kind}s in this context`, {hint: 'omni provider list'})
