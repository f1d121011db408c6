import type {CallOptions, EndpointAnswer, ListOptions, RemoveOptions, Service, ServiceSpec} from '@omni-cli/sdk'

/** Pods of a service, for logs, exec and port-forward. */
export interface PodGroup {
  readonly namespace: string
  /** Label selector of all its pods. */
  readonly selector: string
  /** Selector of the pods that answer requests, when it is another. */
  readonly entrySelector?: string | undefined
  /** Container that is meant when none is named. */
  readonly container?: string | undefined
  /** Port that answers requests. */
  readonly port?: number | undefined
  /** Labels that order replicas: `web-0` is the oldest pod. */
  readonly service: string
}

/** One of the two things that are a service here: an application, or a served model. Verbs reject with NOT_FOUND for an absent name. */
export interface Flavour {
  list(options?: ListOptions): Promise<Service[]>
  get(name: string, options?: CallOptions): Promise<Service | undefined>
  remove(name: string, options?: RemoveOptions): Promise<void>
  start(name: string, options?: CallOptions): Promise<Service>
  stop(name: string, options?: CallOptions): Promise<Service>
  restart(name: string, options?: CallOptions): Promise<Service>
  scale(name: string, replicas: number, options?: CallOptions): Promise<Service>
  /** Undefined when there is no such service. */
  pods(name: string, options?: CallOptions): Promise<PodGroup | undefined>
  /** A request to each pod that takes some; absent: as the endpoints say. */
  probe?(name: string, options?: CallOptions): Promise<readonly EndpointAnswer[]>
}

/** Applications can also be deployed from a spec. */
export interface AppFlavour extends Flavour {
  create(spec: ServiceSpec, options?: CallOptions): Promise<Service>
  update(name: string, spec: ServiceSpec, options?: CallOptions): Promise<Service>
}
