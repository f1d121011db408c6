import {type CallOptions, isAbort, isOmniError, mapLimit, type ObjectApi, type OmniError} from '@omni-cli/sdk'
import type {ApplyEvent, ApplyResult, Operation} from '@omni-cli/sdk/engine'
import type {ObjectStep} from './plan-objects.ts'

export interface ApplyObjectsOptions extends CallOptions {
  readonly force: boolean
  /** Objects at once. Default 32. */
  readonly concurrency?: number | undefined
  readonly onEvent?: ((event: ApplyEvent) => void) | undefined
}

interface Failure {
  readonly operation: Operation
  readonly error: unknown
}

/**
 * Applies the objects, tier by tier, many at once. What fails does not stop the others, except for what needs it; when the server
 * does not answer any more, nothing new is started. Never rejects for a failed object.
 */
export async function applyObjects(
  api: ObjectApi,
  steps: readonly ObjectStep[],
  options: ApplyObjectsOptions,
): Promise<ApplyResult> {
  const {concurrency = 32, signal} = options
  const run = new Run(api, steps, options)
  const tiers = Map.groupBy(
    steps.filter(({operation}) => operation.action !== 'keep'),
    ({tier}) => tier,
  )
  for (const tier of [...tiers.keys()].sort((a, b) => a - b)) {
    await mapLimit(tiers.get(tier) ?? [], concurrency, (step) => run.apply(step))
  }
  return run.result(signal?.aborted === true)
}

class Run {
  readonly #api: ObjectApi
  readonly #steps: readonly ObjectStep[]
  readonly #options: ApplyObjectsOptions
  readonly #done: Operation[] = []
  readonly #failed: Failure[] = []
  readonly #skipped: {readonly operation: Operation; readonly reason: string}[] = []
  readonly #lost = new Map<string, string>()
  #gone: string | undefined

  constructor(api: ObjectApi, steps: readonly ObjectStep[], options: ApplyObjectsOptions) {
    this.#api = api
    this.#steps = steps
    this.#options = options
  }

  async apply({operation, written, needs}: ObjectStep): Promise<void> {
    const {force, signal} = this.#options
    const blocker = needs.flatMap((index) => this.#steps[index]?.operation ?? []).find(({id}) => this.#lost.has(id))
    const why =
      blocker !== undefined ? `${blocker.ref} did not succeed` : signal?.aborted === true ? 'interrupted' : this.#gone
    if (why !== undefined) return this.#skip(operation, why)
    this.#tell({type: 'started', operation})
    const since = performance.now()
    try {
      const onProgress = (note: string) => this.#tell({type: 'progress', operation, note})
      await this.#api.apply(written.object, {force, signal, onProgress})
      this.#done.push(operation)
      this.#tell({type: 'done', operation, ms: Math.round(performance.now() - since)})
    } catch (error) {
      this.#fail(operation, error)
    }
  }

  #fail(operation: Operation, error: unknown): void {
    if (this.#options.signal?.aborted === true && isAbort(error)) {
      this.#skip(operation, 'interrupted half-way')
      return
    }
    this.#lost.set(operation.id, operation.ref)
    this.#failed.push({operation, error})
    const body = isOmniError(error) ? error.toJSON() : {code: 'INTERNAL', message: String(error)}
    if (isOmniError(error) && isGone(error)) this.#gone = error.message
    this.#tell({type: 'failed', operation, error: body})
  }

  #skip(operation: Operation, reason: string): void {
    this.#lost.set(operation.id, operation.ref)
    this.#skipped.push({operation, reason})
    this.#tell({type: 'skipped', operation, reason})
  }

  result(isAborted: boolean): ApplyResult {
    const kept = this.#steps.map(({operation}) => operation).filter(({action}) => action === 'keep')
    return {
      done: this.#done,
      failed: this.#failed,
      skipped: this.#skipped,
      kept,
      isAborted: isAborted && this.#skipped.length > 0,
    }
  }

  #tell(event: ApplyEvent): void {
    this.#options.onEvent?.(event)
  }
}

/** Nobody answers, or nobody is let in; an answer of the server is about one object alone. */
const isGone = ({code, details}: OmniError): boolean =>
  code === 'UNAUTHORIZED' ||
  (code === 'UNAVAILABLE' && !(typeof details === 'object' && details !== null && 'status' in details))
