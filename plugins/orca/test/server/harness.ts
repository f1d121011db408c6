import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {poll, type ServiceInput, type ServiceSpec, serviceSpec} from '@omni-cli/sdk'
import type {Edge} from '../../src/edge/table.ts'
import type {Runtime} from '../../src/runtimes/runtime.ts'
import type {Actor, DeployOutcome} from '../../src/server/control.ts'
import {createControl, type RunningControl} from '../../src/server/create-control.ts'
import type {Timing} from '../../src/server/timing.ts'
import {FakeEdge} from './fake-edge.ts'
import {FakeRuntime} from './fake-runtime.ts'

export const alice: Actor = {name: 'alice', role: 'admin'}

export const quick: Partial<Timing> = {
  firstPollMs: 5,
  lastPollMs: 20,
  aliveMs: 30,
  trialMs: 30,
  steadyMs: 10,
  mendMs: 50,
  backoffBaseMs: 30,
  backoffMaxMs: 120,
  goodRunMs: 60_000,
  statsMs: 0,
}

/** A control plane over fakes; `reopen` is a restart of the server, with or without a clean end. */
export class Harness {
  readonly home = mkdtempSync(join(tmpdir(), 'omni-control-'))
  readonly runtime = new FakeRuntime()
  readonly edge = new FakeEdge()
  control!: RunningControl
  timing: Partial<Timing> = quick
  #cut = new AbortController()

  static async open(timing: Partial<Timing> = quick): Promise<Harness> {
    const harness = new Harness()
    harness.timing = timing
    await harness.start()
    return harness
  }

  async start(): Promise<void> {
    const {home, timing} = this
    const cut = new AbortController()
    this.#cut = cut
    const runtime = severable<Runtime>(this.runtime, cut.signal)
    const edge = severable<Edge>(this.edge, cut.signal)
    this.control = await createControl({home, runtime, edge, clusterName: 'test', edgeHttp: '127.0.0.1:8999', timing})
  }

  /** The server ends as by SIGKILL: nothing it does or hears has an effect from here on. */
  kill(): void {
    this.#cut.abort()
    this.control.database.close()
  }

  async reopen(): Promise<void> {
    await this.control.close()
    await this.start()
  }

  async close(): Promise<void> {
    this.runtime.hook = () => undefined
    this.edge.hook = () => undefined
    if (this.control.database.isOpen) await this.control.close()
    await this.runtime.close()
    rmSync(this.home, {recursive: true, force: true})
  }

  deploy(...specs: ServiceSpec[]): Promise<DeployOutcome> {
    return this.control.deploy(specs, {actor: alice, reason: 'deploy'})
  }

  /** Deploys and expects no error. */
  async deployed(...specs: ServiceSpec[]): Promise<void> {
    const outcome = await this.deploy(...specs)
    if (outcome.errors.length > 0) throw new Error(JSON.stringify(outcome.errors))
  }

  async service(name = 'web') {
    const service = await this.control.get(name)
    if (service === undefined) throw new Error(`no service '${name}'`)
    return service
  }

  async eventTypes(name = 'web'): Promise<string[]> {
    return (await Array.fromAsync(this.control.events({ref: `service/${name}`}))).map(({type}) => type)
  }
}

export const spec = (change: Partial<ServiceInput> = {}): ServiceSpec =>
  serviceSpec.parse({
    name: 'web',
    command: ['serve'],
    port: 3000,
    stop_grace_secs: 1,
    deploy: {ready_timeout_secs: 2, drain_secs: 1},
    ...change,
  })

export const eventually = <T>(probe: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> =>
  poll({everyMs: 5, timeoutMs: 5000}, probe)

/** Calls under way or made after the cut never return; listeners hear nothing more. */
export function severable<T extends object>(target: T, cut: AbortSignal): T {
  const never = () => new Promise(() => undefined)
  return new Proxy(target, {
    get(_, key) {
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        if (cut.aborted) return never()
        const given = args.map((arg) =>
          typeof arg === 'function'
            ? (...news: unknown[]) => (cut.aborted ? undefined : Reflect.apply(arg, undefined, news))
            : arg,
        )
        const result: unknown = Reflect.apply(value, target, given)
        return result instanceof Promise ? result.then((answer) => (cut.aborted ? never() : answer)) : result
      }
    },
  })
}
