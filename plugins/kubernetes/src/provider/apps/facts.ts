import type {Dependency} from './environment.ts'

/** How requests for host names get in. */
export type Entrance =
  | {readonly via: 'ingress'; readonly className?: string | undefined; readonly controller?: string | undefined}
  | {
      readonly via: 'gateway'
      readonly apiVersion: string
      readonly gateway: {readonly namespace: string; readonly name: string}
    }
  /** Several, and nobody says which. */
  | {readonly via: 'unclear'; readonly candidates: readonly string[]}

/** What the mapping must know of the cluster. */
export interface AppFacts {
  readonly namespace: string
  /** 20 of `v1.20.2`. */
  readonly minor: number
  readonly entrance: Entrance
  /** Served version for CronJobs and for autoscaling; undefined: none. */
  readonly cronApi?: string | undefined
  readonly autoscaleApi?: string | undefined
  /** `metrics.k8s.io` is served: the load can be measured. */
  readonly hasMetrics: boolean
  /** Value of `kubernetes.io/hostname` of the node that the spec names; `null` when there is no such node. */
  readonly node?: string | null | undefined
  readonly dependencies: readonly Dependency[]
  /** Keys of the Secret that `${secrets.X}` is taken from; undefined when there is no such Secret. */
  readonly secretKeys?: readonly string[] | undefined
}
