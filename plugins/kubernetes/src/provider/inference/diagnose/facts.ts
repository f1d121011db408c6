import type {ApiObject} from '@omni-cli/sdk'
import type {ClusterEvent} from '../../pods/event-map.ts'
import type {Pod} from '../../pods/pod.ts'

/** Last lines of one container. */
export interface ContainerLines {
  readonly pod: string
  readonly container: string
  readonly lines: readonly string[]
}

/**
 * What was seen of a service and of what it depends on, at one moment. Rules are pure functions of it. What could not be
 * looked at is absent, or an empty list, and named in `unseen`.
 */
export interface Facts {
  readonly name: string
  readonly namespace: string
  readonly omeNamespace: string
  readonly nowMs: number
  /** The InferenceService; absent for an application. */
  readonly service?: ApiObject | undefined
  /** Model that it names, with the kind of it. */
  readonly model?: ApiObject | undefined
  /** The runtime that its spec names. */
  readonly runtime?: ApiObject | undefined
  /** Whether the Secret that the model's storage names is there. */
  readonly hasModelSecret?: boolean | undefined
  readonly deployments: readonly ApiObject[]
  readonly pods: readonly Pod[]
  /** Of the namespace, about this service. */
  readonly events: readonly ClusterEvent[]
  readonly namespaceObject?: ApiObject | undefined
  readonly nodes: readonly ApiObject[]
  /** Pods of all namespaces; absent when they were not needed. */
  readonly allPods?: readonly Pod[] | undefined
  readonly autoscalers: readonly ApiObject[]
  readonly claims: readonly ApiObject[]
  readonly services: readonly ApiObject[]
  /** ConfigMaps of the model agents, one a node. */
  readonly agents: readonly ApiObject[]
  /** Deployments and DaemonSets of the operator's namespace; absent when it was not looked at. */
  readonly operator?: readonly ApiObject[] | undefined
  readonly logs: readonly ContainerLines[]
  /** Lines of model agents that name the model. */
  readonly agentLines: readonly string[]
  /** Kinds of others that are served: `scaledobjects.keda.sh`. */
  readonly served: ReadonlySet<string>
  readonly unseen: readonly string[]
}
