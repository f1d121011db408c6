import type {ServiceFailure} from '@omni-cli/sdk'
import type {RuntimeInstance} from '../runtimes/runtime.ts'
import type {Replica} from './replica.ts'

/** Exits are kept a moment for replicas whose creation has not returned yet. */
const KEPT_EXITS = 100

/** All replicas of this process, by service; and what is known of services only while it lives. */
export class Fleet {
  readonly #replicas = new Map<string, Replica[]>()
  readonly #exits = new Map<string, RuntimeInstance>()
  /** Services with a deploy under way. */
  readonly deploying = new Set<string>()
  /** Why a start, scale or restart went wrong, until one goes well. */
  readonly failures = new Map<string, ServiceFailure>()
  /** Restarts of each service since this process began. */
  readonly restarts = new Map<string, number>()
  /** Runtimes that do not answer, and what they say. */
  readonly away = new Map<string, string>()

  of(service: string): readonly Replica[] {
    return this.#replicas.get(service) ?? []
  }

  all(): Replica[] {
    return [...this.#replicas.values()].flat()
  }

  add(replica: Replica): void {
    const {service} = replica.plan
    this.#replicas.set(service, [...this.of(service), replica])
  }

  remove(replica: Replica): void {
    const {service} = replica.plan
    const left = this.of(service).filter((other) => other !== replica)
    if (left.length === 0) this.#replicas.delete(service)
    else this.#replicas.set(service, left)
  }

  byInstance(id: string): Replica | undefined {
    return this.all().find((replica) => replica.instance?.id === id)
  }

  byAddress(address: string): Replica | undefined {
    return this.all().find((replica) => replica.instance?.address === address)
  }

  /** An instance has ended: tells its replica, or keeps the news for the one that is being created. */
  exited(instance: RuntimeInstance): void {
    const replica = this.byInstance(instance.id)
    if (replica !== undefined) replica.exited(instance)
    else this.#keepExit(instance)
  }

  #keepExit(instance: RuntimeInstance): void {
    this.#exits.set(instance.id, instance)
    const [oldest] = this.#exits.keys()
    if (this.#exits.size > KEPT_EXITS && oldest !== undefined) this.#exits.delete(oldest)
  }

  takeExit(id: string): RuntimeInstance | undefined {
    const exit = this.#exits.get(id)
    this.#exits.delete(id)
    return exit
  }
}

/** Replicas that get requests now. */
export const isServing = (replica: Replica): boolean => replica.inRotation && replica.status === 'ready'
