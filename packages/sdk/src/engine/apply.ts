import type {CallOptions} from '../contracts/collection.ts'
import {type ErrorBody, type ErrorCode, isAbort, isOmniError, messageOf, OmniError} from '../errors.ts'
import {throwIfAborted} from '../io/sleep.ts'
import type {Drivers} from './observe.ts'
import type {Operation, Plan, Wanted} from './operation.ts'

export type ApplyEvent =
  | {readonly type: 'planned'; readonly operations: readonly Operation[]}
  | {readonly type: 'started'; readonly operation: Operation}
  | {readonly type: 'progress'; readonly operation: Operation; readonly note: string}
  | {readonly type: 'done'; readonly operation: Operation; readonly ms: number}
  | {readonly type: 'failed'; readonly operation: Operation; readonly error: ErrorBody}
  | {readonly type: 'skipped'; readonly operation: Operation; readonly reason: string}
  | {
      readonly type: 'summary'
      readonly done: number
      readonly failed: number
      readonly skipped: number
      readonly kept: number
    }

export interface ApplyResult {
  readonly done: readonly Operation[]
  readonly failed: readonly {readonly operation: Operation; readonly error: unknown}[]
  readonly skipped: readonly {readonly operation: Operation; readonly reason: string}[]
  /** Already as wanted. */
  readonly kept: readonly Operation[]
  readonly isAborted: boolean
}

export interface ApplyOptions {
  /** Operations at once. Default 4. */
  readonly concurrency?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: ApplyEvent) => void) | undefined
  /** Runs before a spec is sent, e.g. uploads its sources. */
  readonly prepare?: ((wanted: Wanted, options: CallOptions) => Promise<void>) | undefined
  /** Removes in place of the drivers: for kinds that are not planned, or with data. */
  readonly remove?: ((ref: string, options: CallOptions) => Promise<void>) | undefined
}

/**
 * Carries the plan out: side by side where dependencies allow; what depends on a failed operation is skipped, the rest
 * goes on. Never rejects for a failed operation: see `applyError`. After an abort nothing new is started.
 */
export function applyPlan(
  plan: Pick<Plan, 'operations' | 'wanted'>,
  drivers: Drivers,
  options: ApplyOptions = {},
): Promise<ApplyResult> {
  return new Run(plan, drivers, options).run()
}

class Run {
  readonly #plan: Pick<Plan, 'operations' | 'wanted'>
  readonly #drivers: Drivers
  readonly #options: ApplyOptions
  readonly #waiting = new Map<string, number>()
  readonly #dependants = new Map<string, Operation[]>()
  readonly #ready: Operation[]
  readonly #done: Operation[] = []
  readonly #kept: Operation[] = []
  readonly #failed: {operation: Operation; error: unknown}[] = []
  readonly #skipped = new Map<string, {operation: Operation; reason: string}>()

  constructor(plan: Pick<Plan, 'operations' | 'wanted'>, drivers: Drivers, options: ApplyOptions) {
    this.#plan = plan
    this.#drivers = drivers
    this.#options = options
    const ids = new Set(plan.operations.map(({id}) => id))
    for (const operation of plan.operations) {
      const dependencies = operation.dependsOn.filter((id) => ids.has(id))
      this.#waiting.set(operation.id, dependencies.length)
      for (const id of dependencies) this.#dependants.set(id, [...(this.#dependants.get(id) ?? []), operation])
    }
    this.#ready = plan.operations.filter(({id}) => this.#waiting.get(id) === 0)
  }

  async run(): Promise<ApplyResult> {
    const {concurrency = 4, signal} = this.#options
    this.#tell({type: 'planned', operations: this.#plan.operations})
    const running = new Set<Promise<void>>()
    while (running.size > 0 || (this.#ready.length > 0 && signal?.aborted !== true)) {
      while (this.#ready.length > 0 && running.size < concurrency && signal?.aborted !== true) {
        const operation = this.#ready.shift()
        if (operation === undefined) break
        if (operation.action === 'keep') {
          this.#kept.push(operation)
          this.#release(operation)
          continue
        }
        const work: Promise<void> = this.#perform(operation).finally(() => running.delete(work))
        running.add(work)
      }
      await Promise.race(running)
    }
    return this.#finish()
  }

  async #perform(operation: Operation): Promise<void> {
    const {signal} = this.#options
    const startedAt = performance.now()
    this.#tell({type: 'started', operation})
    try {
      const onProgress = (note: string) => this.#tell({type: 'progress', operation, note})
      const {prepare, remove} = this.#options
      const wanted = this.#plan.wanted.get(operation.id)
      await perform({operation, wanted, drivers: this.#drivers}, {signal, onProgress, prepare, remove})
      this.#done.push(operation)
      this.#tell({type: 'done', operation, ms: Math.round(performance.now() - startedAt)})
      this.#release(operation)
    } catch (error) {
      if (signal?.aborted === true && isAbort(error)) this.#skip(operation, 'interrupted')
      else {
        this.#failed.push({operation, error})
        this.#tell({type: 'failed', operation, error: errorBody(error)})
      }
      this.#skipDependants(operation)
    }
  }

  #release(operation: Operation): void {
    for (const dependant of this.#dependants.get(operation.id) ?? []) {
      const left = (this.#waiting.get(dependant.id) ?? 1) - 1
      this.#waiting.set(dependant.id, left)
      if (left === 0 && !this.#skipped.has(dependant.id)) this.#ready.push(dependant)
    }
  }

  #skipDependants(operation: Operation): void {
    const queue = [operation]
    for (let current = queue.pop(); current !== undefined; current = queue.pop()) {
      for (const dependant of this.#dependants.get(current.id) ?? []) {
        if (this.#skipped.has(dependant.id)) continue
        this.#skip(dependant, `${operation.ref} did not succeed`)
        queue.push(dependant)
      }
    }
  }

  #skip(operation: Operation, reason: string): void {
    this.#skipped.set(operation.id, {operation, reason})
    this.#tell({type: 'skipped', operation, reason})
  }

  #finish(): ApplyResult {
    const settled = new Set([...this.#done, ...this.#kept, ...this.#failed.map((item) => item.operation)])
    const isAborted = this.#options.signal?.aborted === true
    for (const operation of this.#plan.operations) {
      if (settled.has(operation) || this.#skipped.has(operation.id)) continue
      if (operation.action === 'keep') this.#kept.push(operation)
      else this.#skip(operation, 'interrupted')
    }
    const skipped = [...this.#skipped.values()]
    const counts = {done: this.#done.length, failed: this.#failed.length, skipped: skipped.length}
    this.#tell({type: 'summary', ...counts, kept: this.#kept.length})
    return {
      done: this.#done,
      failed: this.#failed,
      skipped,
      kept: this.#kept,
      isAborted: isAborted && skipped.length > 0,
    }
  }

  #tell(event: ApplyEvent): void {
    this.#options.onEvent?.(event)
  }
}

type PerformOptions = CallOptions & Pick<ApplyOptions, 'prepare' | 'remove'>

interface Task {
  readonly operation: Operation
  readonly wanted: Wanted | undefined
  readonly drivers: Drivers
}

async function perform({operation, wanted, drivers}: Task, options: PerformOptions): Promise<void> {
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

const errorBody = (error: unknown): ErrorBody =>
  isOmniError(error) ? error.toJSON() : {code: 'INTERNAL', message: messageOf(error)}

/** A result as plain data, for `-o json`. */
export const resultData = ({done, failed, skipped, kept}: ApplyResult) => ({
  done: done.map(({ref, action}) => ({ref, action})),
  failed: failed.map(({operation: {ref, action}, error}) => ({ref, action, error: errorBody(error)})),
  skipped: skipped.map(({operation: {ref, action}, reason}) => ({ref, action, reason})),
  kept: kept.map(({ref}) => ref),
})

/**
 * The error that tells what went wrong, or undefined when all is done: ABORTED after an abort; the operations' own
 * error when nothing succeeded and all failed alike; else PARTIAL. `details` is the result as data.
 */
export function applyError(result: ApplyResult): OmniError | undefined {
  const details = resultData(result)
  const [first] = result.failed
  if (first === undefined) {
    if (!result.isAborted) return undefined
    return new OmniError('ABORTED', `interrupted: ${counts(result)}`, {details, hint: 'run it again to go on'})
  }
  const codes = new Set(details.failed.map(({error}) => error.code))
  const isAlike = codes.size === 1 && result.done.length === 0 && isOmniError(first.error)
  const code: ErrorCode = isAlike && isOmniError(first.error) ? first.error.code : 'PARTIAL'
  const reasons = details.failed.map(({ref, error}) => `${ref}: ${error.message}`)
  const hint = isOmniError(first.error) ? first.error.hint : undefined
  return new OmniError(code, [counts(result), ...reasons].join('\n'), {details, hint, cause: first.error})
}

const counts = ({done, failed, skipped}: ApplyResult) =>
  `${done.length} done, ${failed.length} failed, ${skipped.length} skipped`
