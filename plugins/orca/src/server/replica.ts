import {type ExitInfo, messageOf, OmniError, type ReplicaStatus, type ServiceFailure} from '@omni-cli/sdk'
import type {RuntimeInstance} from '../runtimes/runtime.ts'
import type {AfterCrash} from './backoff.ts'
import {CrashRecord} from './crash-record.ts'
import {deployFailed, type FailureReason, failureOf} from './failure.ts'
import {collectInstance, lastWords} from './instance-end.ts'
import type {ReplicaHost, ReplicaOptions, ReplicaPlan} from './replica-host.ts'
import {Run, type RunNews} from './run.ts'

/**
 * Keeps one replica alive: starts it, waits until it is ready, watches it, starts it again with back-off when it ends.
 * It has at most one running instance at a time.
 */
export class Replica {
  readonly plan: ReplicaPlan
  readonly history: CrashRecord
  /** Requests go to it while it is ready. Set by whoever moves traffic. */
  inRotation: boolean
  readonly #host: ReplicaHost
  readonly #failFast: boolean
  readonly #onEnd: ReplicaOptions['onEnd']
  readonly #firstReady = Promise.withResolvers<void>()
  #status: ReplicaStatus = 'starting'
  #run: Run | undefined
  /** The end of a run that was not ready in time. */
  #ending: Promise<void> = Promise.resolve()
  #isEnded = false
  #isUnhealthy = false
  #wasReady = false
  #isWaiting = false
  /** What runs it does not answer, which is none of its faults. */
  #isCutOff = false
  #timer: NodeJS.Timeout | undefined

  constructor(plan: ReplicaPlan, host: ReplicaHost, options: ReplicaOptions) {
    this.plan = plan
    this.inRotation = options.inRotation
    this.#host = host
    this.#failFast = options.failFast
    this.#onEnd = options.onEnd
    this.history = options.history ?? new CrashRecord(host.timing)
    this.#firstReady.promise.catch(() => undefined)
  }

  get name(): string {
    return `${this.plan.service}-${this.plan.index}`
  }

  get status(): ReplicaStatus {
    return this.#status
  }

  /** The running instance. */
  get instance(): RuntimeInstance | undefined {
    return this.#run?.instance
  }

  get restarts(): number {
    return this.history.restarts
  }

  get lastExit(): ExitInfo | undefined {
    return this.history.lastExit
  }

  /** Why it cannot be kept alive, until it has run well for a while. */
  get failure(): ServiceFailure | undefined {
    return this.history.failure
  }

  /** True while an instance may exist that nobody knows yet. */
  get isLaunching(): boolean {
    return this.#run?.isLaunching ?? false
  }

  /** True when it waits for its end or has given up. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** It runs once, to its own end. */
  get isOnce(): boolean {
    return this.#onEnd !== undefined
  }

  /** True while nobody can tell whether it runs: only its place is kept. */
  get isWaiting(): boolean {
    return this.#isWaiting && !this.#isEnded
  }

  /** True while the liveness probe fails. */
  get isUnhealthy(): boolean {
    return this.#isUnhealthy
  }

  /** Resolves when it was ready for the first time; with `failFast` rejects with DEPLOY_FAILED when it will not be. */
  get ready(): Promise<void> {
    return this.#firstReady.promise
  }

  start(): void {
    this.#newRun().launch(this.isOnce ? 'once' : this.#isTrial ? 'trial' : 'kept')
  }

  /** Keeps its place until what runs it answers. */
  wait(problem: string): void {
    this.#isWaiting = true
    this.#status = 'unready'
    this.history.failure = failureOf('RuntimeUnavailable', {message: problem})
  }

  countRestart(): void {
    this.history.countRestart()
    this.#host.restarted(this)
  }

  /** What runs it answers again: it does not wait any longer to be started. */
  runtimeIsBack(): void {
    if (!this.#isCutOff || this.#status !== 'backoff') return
    this.#isCutOff = false
    clearTimeout(this.#timer)
    this.history.forgive()
    this.start()
  }

  /** Takes over a running instance. `isReady`: it served before, so it goes on to. */
  adopt(instance: RuntimeInstance, isReady: boolean): void {
    this.#host.tell(this, 'replica.adopted', `'${this.name}' was running already`, {id: instance.id, pid: instance.pid})
    this.#newRun(isReady).adopt(instance, {isReady, isOnce: this.isOnce})
  }

  /** The runtime reports the end of an instance. */
  exited(instance: RuntimeInstance): void {
    if (instance.id === this.instance?.id) this.#run?.exited(instance)
  }

  /** The runtime shows its instance: it may have moved. */
  seen(instance: RuntimeInstance): void {
    if (this.#isEnded || instance.id !== this.instance?.id || instance.address === this.instance.address) return
    this.#run?.moved(instance, this.#status === 'ready')
    this.#host.changed(this)
  }

  /** Evidence from the proxy that it does not answer: asks at once. */
  doubt(): void {
    this.#run?.doubt()
  }

  /** From now on it is not restarted, not watched and gets no new requests. Its instance still runs. */
  beginStop(): void {
    this.#isEnded = true
    this.inRotation = false
    this.#unwatch()
    this.#status = 'stopping'
    this.#firstReady.reject(new OmniError('ABORTED', `'${this.name}' is being stopped`))
    this.#host.changed(this)
  }

  /** Ends and forgets the instance; resolves when nothing of it runs. */
  async stop(): Promise<void> {
    if (this.#status !== 'stopping') this.beginStop()
    await this.#ending
    await this.#endRun()
    this.#status = 'exited'
    this.#host.changed(this)
  }

  /** Lets go of it: timers and probes end, the instance runs on. */
  abandon(): void {
    this.#isEnded = true
    this.#unwatch()
    this.#firstReady.reject(new OmniError('ABORTED', 'the server is stopping'))
  }

  #newRun(wasReady = false): Run {
    const {tell, changed} = this.#host
    this.#status = 'starting'
    this.#run = new Run(this.plan, this.#host, {
      started: ({id, pid}) => {
        tell(this, 'replica.started', `'${this.name}' runs ${this.plan.release}`, {id, pid})
        changed(this)
      },
      ready: () => this.#becomeReady(wasReady),
      lateFor: (problem, instance) => this.#timedOut(problem, instance),
      readiness: (passes, problem) => this.#turn(passes, problem),
      liveness: (passes, problem, instance) => this.#judge(passes, problem, instance),
      failed: (message, end) => this.#crashed(message, end),
    })
    return this.#run
  }

  #becomeReady(wasBefore: boolean): void {
    const {tell, timing, changed} = this.#host
    this.#status = 'ready'
    this.#wasReady = true
    this.#isCutOff = false
    this.#timer = setTimeout(() => this.history.forgive(), timing.goodRunMs)
    const tookMs = Math.round(this.#ageMs)
    if (!wasBefore) tell(this, 'replica.ready', `'${this.name}' is ready`, {tookMs})
    changed(this)
    this.#firstReady.resolve()
  }

  #turn(passes: boolean, problem: string): void {
    const {tell, changed} = this.#host
    this.#status = passes ? 'ready' : 'unready'
    if (passes) tell(this, 'replica.ready', `'${this.name}' is ready again`)
    else tell(this, 'replica.unready', `'${this.name}' is not ready: ${problem}`)
    changed(this)
  }

  /** One that fails its liveness probe has to go, like one that crashes: the sooner the longer it was well before. */
  #judge(passes: boolean, problem: string, instance: RuntimeInstance): void {
    const {tell, unhealthy, runtime, timing} = this.#host
    this.#isUnhealthy = !passes
    clearTimeout(this.#timer)
    if (passes) {
      this.#timer = setTimeout(() => this.history.forgive(), timing.goodRunMs)
      tell(this, 'replica.healthy', `'${this.name}' passes its liveness probe again`)
      return
    }
    const message = `fails its liveness probe: ${problem}`
    tell(this, 'replica.unhealthy', `'${this.name}' ${message}`)
    if (this.#ageMs >= timing.goodRunMs) this.history.forgive()
    const delayMs = this.history.nextDelayMs()
    const failure = (lastLines: readonly string[]) =>
      failureOf('LivenessFailed', {message, restarts: this.restarts, lastLines})
    void this.history.explain(failure, lastWords(runtime, instance), delayMs > 0)
    this.#timer = setTimeout(() => unhealthy(this), delayMs)
    if (delayMs > 0) this.#tellWait(delayMs)
  }

  /** The instance ended, or there could be none. */
  #crashed(message: string, {instance, isAway = false}: Parameters<RunNews['failed']>[1] = {}): void {
    const {tell, timing, runtime} = this.#host
    const exit = instance?.exit
    this.#unwatch()
    this.history.lastExit = exit ?? this.lastExit
    if (this.#ageMs >= timing.goodRunMs) this.history.forgive()
    const next = this.#decide(exit, false)
    const isUrgent = !this.#isEnded && !this.isOnce && next.kind === 'restart' && next.delayMs === 0
    const lines = instance === undefined ? Promise.resolve([]) : this.#lastLinesOf(instance, isUrgent)
    if (this.#isEnded) return
    this.#isCutOff = isAway
    tell(this, 'replica.exited', `'${this.name}' ${message}`, {exit})
    if (this.#onEnd !== undefined) {
      void this.#endOnce(this.#onEnd, {exit, message, lines})
      return
    }
    this.#proceed(next, lines, (lastLines) =>
      failureOf(this.#reasonFor(exit), {message, exit, restarts: this.restarts, lastLines}),
    )
    // The successor comes first: what is left of this one can wait.
    if (instance !== undefined && isUrgent) {
      void this.#run?.launched.then(() => runtime.remove(instance.id)).catch(() => undefined)
    }
  }

  #lastLinesOf(instance: RuntimeInstance, isUrgent: boolean): Promise<string[]> {
    const {runtime} = this.#host
    return isUrgent ? lastWords(runtime, instance) : collectInstance(runtime, instance)
  }

  #reasonFor(exit: ExitInfo | undefined): FailureReason {
    if (exit?.oomKilled === true) return 'OOMKilled'
    if (this.#isCutOff) return 'RuntimeUnavailable'
    return this.#isTrial ? 'StartFailed' : 'CrashLoopBackOff'
  }

  async #endOnce(
    onEnd: NonNullable<ReplicaOptions['onEnd']>,
    {exit, message, lines}: {exit: ExitInfo | undefined; message: string; lines: Promise<readonly string[]>},
  ): Promise<void> {
    const tookMs = Math.round(this.#ageMs)
    this.#isEnded = true
    this.#status = 'exited'
    this.#firstReady.resolve()
    onEnd({exit, message, tookMs, lastLines: await lines})
  }

  /** It runs and does not become ready: as bad as a crash. */
  #timedOut(problem: string, instance: RuntimeInstance): void {
    const {tell, runtime} = this.#host
    this.#unwatch()
    tell(this, 'replica.unready', `'${this.name}' is ${problem}`)
    const next = this.#decide(undefined, true)
    const lines = lastWords(runtime, instance)
    const proceed = () =>
      this.#proceed(next, lines, (lastLines) =>
        failureOf('NotReady', {message: `is ${problem}`, restarts: this.restarts, lastLines}),
      )
    if (next.kind === 'restart') this.#ending = this.#endLate(proceed)
    else proceed()
  }

  /** Ends what was not ready in time; tried again until it is gone, since a second one must not run beside it. */
  async #endLate(proceed: () => void): Promise<void> {
    const {tell, timing} = this.#host
    try {
      await this.#endRun()
    } catch (error) {
      if (this.#isEnded) return
      tell(this, 'replica.unready', `'${this.name}' could not be stopped: ${messageOf(error)}`)
      const again = () => {
        this.#ending = this.#endLate(proceed)
      }
      this.#timer = setTimeout(again, timing.mendMs)
      return
    }
    if (!this.#isEnded) proceed()
  }

  async #endRun(): Promise<void> {
    const graceMs = this.plan.spec.stop_grace_secs * 1000
    // One that never served has nothing to finish.
    const exit = await this.#run?.end(this.#wasReady ? graceMs : Math.min(graceMs, 1000))
    this.history.lastExit = exit ?? this.lastExit
  }

  get #ageMs(): number {
    return this.#run?.ageMs ?? 0
  }

  get #isTrial(): boolean {
    return this.#failFast && !this.#wasReady
  }

  #decide(exit: ExitInfo | undefined, isTimeout: boolean): AfterCrash {
    const {restart_policy: policy} = this.plan.spec
    return this.history.decide({exit, policy, isTrial: this.#isTrial, isTimeout})
  }

  /** The restart does not wait for the last lines; the verdict about a start does. */
  #proceed(next: AfterCrash, lines: Promise<readonly string[]>, failure: (lines: readonly string[]) => ServiceFailure) {
    if (next.kind === 'restart') this.#restartAfter(next.delayMs)
    else {
      this.#isEnded = true
      this.#status = 'exited'
    }
    const explained = this.history.explain(failure, lines, next.kind !== 'restart' || next.delayMs > 0)
    this.#host.changed(this)
    void explained.then((whole) => {
      if (next.kind === 'give-up') this.#firstReady.reject(deployFailed(this.plan.service, whole))
    })
  }

  #restartAfter(delayMs: number): void {
    this.countRestart()
    if (delayMs === 0) {
      this.start()
      return
    }
    this.#status = 'backoff'
    this.#timer = setTimeout(() => this.start(), delayMs)
    this.#tellWait(delayMs)
  }

  #tellWait(delayMs: number): void {
    const {restarts} = this
    const wait = `waits ${Math.round(delayMs)} ms before the next start`
    this.#host.tell(this, 'replica.backoff', `'${this.name}' ${wait}`, {delayMs, restarts})
  }

  #unwatch(): void {
    this.#run?.letGo()
    this.#isUnhealthy = false
    clearTimeout(this.#timer)
  }
}
