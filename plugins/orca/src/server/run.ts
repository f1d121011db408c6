import {isOmniError, messageOf} from '@omni-cli/sdk'
import type {RuntimeInstance} from '../runtimes/runtime.ts'
import {exitText} from './failure.ts'
import {endInstance} from './instance-end.ts'
import {watchInstance} from './probes/instance-watch.ts'
import type {Watch} from './probes/watch.ts'
import type {ReplicaHost, ReplicaPlan} from './replica-host.ts'

/** What becomes of a run, told until it is let go. */
export interface RunNews {
  readonly started: (instance: RuntimeInstance) => void
  readonly ready: () => void
  readonly lateFor: (problem: string, instance: RuntimeInstance) => void
  readonly readiness: (passes: boolean, problem: string) => void
  readonly liveness: (passes: boolean, problem: string, instance: RuntimeInstance) => void
  /** The instance ended, or there could be none. `isAway`: what runs them does not answer. */
  readonly failed: (message: string, end?: {readonly instance?: RuntimeInstance; readonly isAway?: boolean}) => void
}

/** One instance of a replica, from its creation to its end. */
export class Run {
  readonly #plan: ReplicaPlan
  readonly #host: ReplicaHost
  readonly #news: RunNews
  #instance: RuntimeInstance | undefined
  #launching: Promise<void> = Promise.resolve()
  #isLaunching = false
  #isLetGo = false
  #startedAtMs = performance.now()
  /** How long the runtime took to start it. */
  #startingMs = 0
  #watch: Watch | undefined

  constructor(plan: ReplicaPlan, host: ReplicaHost, news: RunNews) {
    this.#plan = plan
    this.#host = host
    this.#news = news
  }

  /** The running instance. */
  get instance(): RuntimeInstance | undefined {
    return this.#instance
  }

  /** True while an instance may exist that nobody knows yet. */
  get isLaunching(): boolean {
    return this.#isLaunching
  }

  /** Resolves when it runs, or could not be started. */
  get launched(): Promise<void> {
    return this.#launching
  }

  get ageMs(): number {
    return performance.now() - this.#startedAtMs
  }

  /** `once`: it is not probed; it has come as far as it can when it runs. */
  launch(mode: 'kept' | 'trial' | 'once'): void {
    this.#launching = this.#launch(mode)
  }

  /** Takes over a running instance. `isReady`: it served before, so it goes on to. */
  adopt(instance: RuntimeInstance, {isReady, isOnce}: {readonly isReady: boolean; readonly isOnce: boolean}): void {
    this.#instance = instance
    if (isOnce) {
      this.#startedAtMs -= Math.max(0, Date.now() - Date.parse(instance.startedAt))
      this.#news.ready()
    } else this.#follow(instance, {isReady, isTrial: false})
  }

  /** It is at another address now. */
  moved(instance: RuntimeInstance, isReady: boolean): void {
    this.#watch?.stop()
    this.#instance = instance
    this.#follow(instance, {isReady, isTrial: false})
  }

  /** The runtime reports that the instance has ended. */
  exited(instance: RuntimeInstance): void {
    this.#instance = undefined
    this.#news.failed(exitText(instance.exit), {instance})
  }

  /** Evidence from the proxy that it does not answer: asks at once. */
  doubt(): void {
    this.#watch?.doubt()
  }

  /** Nothing is told any more but the end of the instance, which runs on. */
  letGo(): void {
    this.#isLetGo = true
    this.#watch?.stop()
  }

  /** Ends and forgets the instance; its end is told to nobody. When that cannot be done, it rejects and is as before. */
  async end(graceMs: number): Promise<RuntimeInstance['exit']> {
    this.letGo()
    await this.#launching
    const instance = this.#instance
    if (instance === undefined) return undefined
    this.#instance = undefined
    try {
      return await endInstance(this.#host.runtime, instance, graceMs)
    } catch (error) {
      this.#instance = instance
      throw error
    }
  }

  async #launch(mode: 'kept' | 'trial' | 'once'): Promise<void> {
    const {service, index, release, spec, prepare} = this.#plan
    this.#isLaunching = true
    try {
      const prepared = await prepare()
      if (this.#isLetGo) return
      const env = this.#host.secrets.resolve(this.#plan.env, spec.project)
      const askedAtMs = performance.now()
      this.#instance = await this.#host.runtime.create({service, index, release, spec, env, prepared})
      this.#startedAtMs = performance.now()
      this.#startingMs = this.#startedAtMs - askedAtMs
    } catch (error) {
      // No answer does not mean that nothing was done.
      const isAway = isOmniError(error) && error.code === 'UNAVAILABLE'
      if (isAway && !this.#isLetGo) this.#host.lostSight()
      this.#news.failed(`could not be started: ${messageOf(error)}`, {isAway})
      return
    } finally {
      this.#isLaunching = false
    }
    // An end that came meanwhile waits for this and disposes of it.
    if (this.#isLetGo) return
    const instance = this.#instance
    const exited = this.#host.takeExit(instance.id) ?? (instance.state === 'exited' ? instance : undefined)
    if (exited !== undefined) {
      this.exited(exited)
      return
    }
    this.#news.started(instance)
    if (mode === 'once') this.#news.ready()
    else this.#follow(instance, {isReady: false, isTrial: mode === 'trial'})
  }

  #follow(instance: RuntimeInstance, start: {readonly isReady: boolean; readonly isTrial: boolean}): void {
    const {runtime, timing} = this.#host
    const {ready, readiness, lateFor, liveness} = this.#news
    this.#watch = watchInstance(
      {runtime, instance, spec: this.#plan.spec, timing, startingMs: this.#startingMs, ...start},
      {
        ready,
        readiness,
        notReadyInTime: (problem) => lateFor(problem, instance),
        liveness: (passes, problem) => liveness(passes, problem, instance),
      },
    )
  }
}
