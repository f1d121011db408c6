import {availableParallelism} from 'node:os'
import {type ErrorBody, isAbort} from '../errors.ts'
import {redact} from '../io/redact.ts'
import type {Drivers} from './observe.ts'
import type {Operation, Plan} from './operation.ts'
import {type ApplyResult, errorBody, HALF_WAY, withoutSecrets} from './outcome.ts'
import {type PerformOptions, perform} from './perform.ts'

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

export interface ApplyOptions extends Pick<PerformOptions, 'prepare' | 'remove' | 'keepsCopies' | 'signal'> {
  /** Operations at once. Default 16 when all are about services, whose engine bounds the work by itself; else four for each processor, at most 8. */
  readonly concurrency?: number | undefined
  readonly onEvent?: ((event: ApplyEvent) => void) | undefined
}

/**
 * Carries the plan out: side by side where dependencies allow; what depends on a failed operation is skipped, the rest
 * goes on. Never rejects for a failed operation: see `applyError`. After an abort nothing new is started.
 */
export function applyPlan(
  plan: Pick<Plan, 'operations' | 'wanted' | 'secrets'>,
  drivers: Drivers,
  options: ApplyOptions = {},
): Promise<ApplyResult> {
  return new Run(plan, drivers, options).run()
}

const defaultConcurrency = (operations: readonly Operation[]): number =>
  operations.every(isAboutService) ? 16 : Math.min(8, 4 * availableParallelism())

const isAboutService = ({ref}: Operation): boolean => ref.startsWith('service/')

class Run {
  readonly #plan: Pick<Plan, 'operations' | 'wanted' | 'secrets'>
  readonly #drivers: Drivers
  readonly #options: ApplyOptions
  readonly #waiting = new Map<string, number>()
  readonly #dependants = new Map<string, Operation[]>()
  readonly #ready: Operation[]
  readonly #done: Operation[] = []
  readonly #copies = new Map<string, string>()
  readonly #kept: Operation[] = []
  readonly #failed: {operation: Operation; error: unknown}[] = []
  readonly #skipped = new Map<string, {operation: Operation; reason: string}>()

  constructor(plan: Pick<Plan, 'operations' | 'wanted' | 'secrets'>, drivers: Drivers, options: ApplyOptions) {
    this.#plan = plan
    this.#drivers = drivers
    this.#options = options
    const ids = new Set(plan.operations.map(({id}) => id))
    for (const operation of plan.operations) {
      const dependencies = operation.dependsOn.filter((id) => ids.has(id))
      this.#waiting.set(operation.id, dependencies.length)
      for (const id of dependencies) {
        const dependants = this.#dependants.get(id)
        if (dependants === undefined) this.#dependants.set(id, [operation])
        else dependants.push(operation)
      }
    }
    this.#ready = plan.operations.filter(({id}) => this.#waiting.get(id) === 0)
  }

  async run(): Promise<ApplyResult> {
    const {operations} = this.#plan
    const {concurrency = defaultConcurrency(operations), signal} = this.#options
    this.#tell({type: 'planned', operations})
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
      // A race of nothing never ends.
      if (running.size > 0) await Promise.race(running)
    }
    return this.#finish()
  }

  async #perform(operation: Operation): Promise<void> {
    const {signal} = this.#options
    const startedAt = performance.now()
    let hasBegun = false
    const onBegin = () => {
      hasBegun = true
    }
    this.#tell({type: 'started', operation})
    try {
      const onProgress = (note: string) =>
        this.#tell({type: 'progress', operation, note: redact(note, this.#plan.secrets)})
      const {prepare, remove, keepsCopies} = this.#options
      const wanted = this.#plan.wanted.get(operation.id)
      const task = {operation, wanted, drivers: this.#drivers}
      const {copy} = await perform(task, {signal, onProgress, onBegin, prepare, remove, keepsCopies})
      if (copy !== undefined) this.#copies.set(operation.ref, copy)
      this.#done.push(operation)
      this.#tell({type: 'done', operation, ms: Math.round(performance.now() - startedAt)})
      this.#release(operation)
    } catch (error) {
      if (signal?.aborted === true && isAbort(error)) this.#skip(operation, hasBegun ? HALF_WAY : 'interrupted')
      else {
        const told = withoutSecrets(error, this.#plan.secrets)
        this.#failed.push({operation, error: told})
        this.#tell({type: 'failed', operation, error: errorBody(told)})
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
      copies: this.#copies,
      isAborted: isAborted && skipped.length > 0,
    }
  }

  #tell(event: ApplyEvent): void {
    this.#options.onEvent?.(event)
  }
}
