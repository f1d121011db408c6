import type {ApiObject} from '@omni-cli/sdk'

/** Objects of the API server, as far as they are read here. It has checked them. */
export interface Labelled {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

interface Metadata extends Labelled {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly generation?: number
  readonly resourceVersion?: string
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly ownerReferences?: readonly {readonly kind: string; readonly name: string; readonly controller?: boolean}[]
  readonly [field: string]: unknown
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

export interface DeploymentObject extends ApiObject {
  readonly metadata: Metadata
  readonly spec: {
    readonly replicas?: number
    readonly template: {readonly metadata?: Labelled; readonly spec?: {readonly containers?: unknown}}
  }
  readonly status?: {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly readyReplicas?: number
    readonly availableReplicas?: number
    readonly conditions?: readonly Condition[]
  }
}

export interface Terminated {
  readonly exitCode?: number
  readonly signal?: number
  readonly reason?: string
  readonly message?: string
  readonly finishedAt?: string
}

export interface ContainerState {
  readonly waiting?: {readonly reason?: string; readonly message?: string}
  readonly running?: {readonly startedAt?: string}
  readonly terminated?: Terminated
}

export interface ContainerStatus {
  readonly name: string
  readonly ready: boolean
  readonly restartCount: number
  readonly state?: ContainerState
  readonly lastState?: ContainerState
}

export interface PodObject extends ApiObject {
  readonly metadata: Metadata
  readonly spec: {
    readonly nodeName?: string
    readonly containers: readonly {
      readonly name: string
      readonly resources?: {readonly requests?: Readonly<Record<string, string>>}
      readonly ports?: readonly {readonly containerPort: number}[]
    }[]
  }
  readonly status?: {
    readonly phase?: string
    readonly reason?: string
    readonly message?: string
    readonly podIP?: string
    readonly startTime?: string
    readonly conditions?: readonly Condition[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

export interface SecretObject extends ApiObject {
  readonly metadata: Metadata
  readonly data?: Readonly<Record<string, string>>
}

export interface IngressObject extends ApiObject {
  readonly metadata: Metadata
  readonly spec?: {readonly tls?: readonly {readonly hosts?: readonly string[]}[]}
  readonly status?: {
    readonly loadBalancer?: {readonly ingress?: readonly unknown[]}
    /** Of an HTTPRoute. */
    readonly parents?: readonly {readonly conditions?: readonly Condition[]}[]
  }
}

export interface MetricsObject extends ApiObject {
  readonly metadata: Metadata
  readonly containers?: readonly {readonly usage?: {readonly cpu?: string; readonly memory?: string}}[]
}
