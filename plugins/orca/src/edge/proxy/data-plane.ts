import type {EdgeListener, EdgeService, EdgeTable, EdgeTarget, EdgeVersionStats} from '../table.ts'
import {Backend, type BackendContext} from './backend.ts'
import {Certificates} from './certificates.ts'
import {Doors, type WantedDoor} from './doors.ts'
import {type GateRules, passGate} from './gate.ts'
import {HttpListener} from './http-listener.ts'
import {TrustedProxies} from './origin.ts'
import {createRequestIds} from './request-ids.ts'
import {type Resolve, routeAll, routeByHost} from './routes.ts'
import {TcpListener} from './tcp-listener.ts'
import {DEFAULT_TIMEOUTS, type EdgeTimeouts} from './timeouts.ts'
import {type Target, Upstream} from './upstream.ts'
import {StatsBook} from './version-stats.ts'

export interface DataPlaneOptions {
  readonly timeouts?: Partial<EdgeTimeouts> | undefined
  readonly onTargetFailure?: ((address: string) => void) | undefined
}

const SWEEP_EVERY_MS = 1_000

/** Everything the table says, in one process. */
export class DataPlane {
  readonly #timeouts: EdgeTimeouts
  readonly #backendContext: BackendContext
  readonly #nextRequestId = createRequestIds()
  readonly #doors = new Doors()
  readonly #upstreams = new Map<string, Upstream>()
  readonly #backends = new Map<string, Backend>()
  readonly #stats = new StatsBook()
  readonly #sweeper: NodeJS.Timeout
  readonly #certificates = new Certificates()
  #resolveByHost: Resolve = routeByHost([], new Map())
  /** Undefined when all requests are for services. */
  #gate: GateRules | undefined
  #trusted: TrustedProxies | undefined
  #applying: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(options: DataPlaneOptions = {}) {
    this.#timeouts = {...DEFAULT_TIMEOUTS, ...options.timeouts}
    this.#backendContext = {timeouts: this.#timeouts, onTargetFailure: options.onTargetFailure ?? (() => undefined)}
    const {headMs, lingerMs, answerMs} = this.#timeouts
    const everyMs = Math.min(SWEEP_EVERY_MS, headMs / 4, lingerMs / 2, answerMs / 4)
    this.#sweeper = setInterval(() => this.#sweep(performance.now()), everyMs)
    this.#sweeper.unref()
  }

  /** Puts a table in force as a whole. New requests follow it at once; resolves when its ports are open (or are known to be taken). */
  apply(table: EdgeTable): Promise<EdgeListener[]> {
    if (this.#isClosed) return Promise.reject(new Error('shutting down'))
    const applied = this.#applying.then(async () => {
      this.#replaceTargets(table)
      this.#resolveByHost = routeByHost(table.services, this.#upstreams)
      this.#certificates.replace(table.certificates ?? [])
      const proxies = table.trustedProxies ?? []
      this.#trusted = proxies.length === 0 ? undefined : new TrustedProxies(proxies)
      const wanted = this.#wantedDoors(table)
      this.#doors.closeOthers(wanted)
      const listeners = await this.#doors.openAll(wanted)
      this.#gate = this.#gateOf(table, listeners)
      return listeners.map((entry) => (entry.isTls ? {...entry, certificates: this.#certificates.states()} : entry))
    })
    this.#applying = applied.catch(() => undefined)
    return applied
  }

  /** True when nothing is under way at the address, false after the timeout. */
  drained(address: string, timeoutMs: number): Promise<boolean> {
    return this.#backends.get(address)?.drained(timeoutMs) ?? Promise.resolve(true)
  }

  stats(): EdgeVersionStats[] {
    return this.#stats.snapshot()
  }

  /** Closes all ports; connections end after their current request. No table is taken any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#applying
    this.#doors.closeOthers([])
  }

  /** After `close`: resolves when the requests under way have ended; after `drainMs` what is left is broken. */
  async drain(drainMs: number): Promise<void> {
    await this.#doors.drain(drainMs)
    for (const backend of this.#backends.values()) backend.retire()
    clearInterval(this.#sweeper)
  }

  #replaceTargets(table: EdgeTable): void {
    const named = new Set<string>()
    const versions = new Set<unknown>()
    for (const service of table.services) {
      const targets = service.targets.map((target) => this.#resolveTarget(service.service, target))
      for (const target of targets) {
        named.add(target.backend.address)
        versions.add(target.stats)
      }
      this.#upstream(service.service).replace(targets, service.pin)
    }
    this.#forgetServices(new Set(table.services.map((service) => service.service)))
    for (const backend of this.#backends.values()) if (!named.has(backend.address)) backend.retire()
    this.#forgetBackends()
    this.#stats.prune(versions.size)
  }

  #resolveTarget(service: string, {address, weight, version, pin}: EdgeTarget): Target {
    const backend = this.#backends.get(address) ?? new Backend(address, this.#backendContext)
    this.#backends.set(address, backend)
    backend.revive()
    return {backend, weight, pin, stats: this.#stats.entry(service, version)}
  }

  #upstream(service: string): Upstream {
    const upstream = this.#upstreams.get(service) ?? new Upstream(service)
    this.#upstreams.set(service, upstream)
    return upstream
  }

  #forgetServices(named: ReadonlySet<string>): void {
    for (const [service, upstream] of this.#upstreams) {
      if (named.has(service)) continue
      upstream.replace([])
      this.#upstreams.delete(service)
    }
  }

  #forgetBackends(): void {
    for (const [address, backend] of this.#backends) {
      if (backend.isRetired && backend.inFlight === 0) this.#backends.delete(address)
    }
  }

  #wantedDoors(table: EdgeTable): WantedDoor[] {
    const shared: WantedDoor = {
      service: undefined,
      bind: table.http.bind,
      port: table.http.port,
      protocol: 'http',
      open: () => this.#httpListener(this.#resolveShared),
    }
    const secure: WantedDoor[] =
      table.https === undefined
        ? []
        : [
            {
              service: undefined,
              bind: table.https.bind,
              port: table.https.port,
              protocol: 'https',
              open: () => this.#httpListener(this.#resolveShared, this.#certificates),
            },
          ]
    return [shared, ...secure, ...table.services.flatMap((service) => this.#doorOf(service))]
  }

  #doorOf({service, bind = '127.0.0.1', port, protocol}: EdgeService): WantedDoor[] {
    if (port === undefined) return []
    const upstream = this.#upstream(service)
    const open = () =>
      protocol === 'tcp' ? new TcpListener(upstream, this.#timeouts) : this.#httpListener(routeAll(upstream))
    return [{service, bind, port, protocol, open}]
  }

  #httpListener(resolve: Resolve, certificates?: Certificates): HttpListener {
    const context = {timeouts: this.#timeouts, nextRequestId: this.#nextRequestId, trusted: () => this.#trusted}
    return new HttpListener(resolve, context, certificates)
  }

  readonly #resolveShared: Resolve = (request, origin) => {
    if (this.#gate !== undefined) passGate(request, origin, this.#gate)
    return this.#resolveByHost(request, origin)
  }

  #gateOf({challenges = {}}: EdgeTable, listeners: readonly EdgeListener[]): GateRules | undefined {
    const httpsPort = listeners.find(({isTls, error}) => isTls === true && error === undefined)?.port
    const byToken = new Map(Object.entries(challenges))
    if (byToken.size === 0 && httpsPort === undefined) return undefined
    return {challenges: byToken, certificates: this.#certificates, httpsPort}
  }

  #sweep(now: number): void {
    this.#doors.sweep(now)
    for (const backend of this.#backends.values()) backend.sweep(now)
    this.#forgetBackends()
  }
}
