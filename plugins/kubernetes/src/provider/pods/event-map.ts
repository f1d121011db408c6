import type {ApiObject, OmniEvent} from '@omni-cli/sdk'

/** What is read of an event of the cluster. */
export interface ClusterEvent extends ApiObject {
  readonly involvedObject?: {readonly kind?: string | undefined; readonly name?: string | undefined} | undefined
  readonly reason?: string | undefined
  readonly message?: string | undefined
  /** `Normal` or `Warning` */
  readonly type?: string | undefined
  readonly count?: number | undefined
  readonly eventTime?: string | null | undefined
  readonly firstTimestamp?: string | null | undefined
  readonly lastTimestamp?: string | null | undefined
  readonly series?:
    | {readonly count?: number | undefined; readonly lastObservedTime?: string | undefined}
    | null
    | undefined
}

/** Letters that Kubernetes makes hashes of: no vowels, no digits that look like letters. */
const HASH = '[bcdfghjklmnpqrstvwxz2456789]'
const OF_REPLICA_SET = new RegExp(`-${HASH}{5}$`)
const OF_DEPLOYMENT = new RegExp(`-${HASH}{6,10}$`)
const COMPONENT = /-(engine|decoder|router|predictor)$/

/**
 * Name of the service that an object belongs to, by how Kubernetes and the operator of OME build names; those who made it may
 * be gone long before its events are. Undefined for what belongs to none.
 * @param served names of inference services: `llama-engine` belongs to `llama` when there is one
 */
export function serviceOf(kind: string, name: string, served: ReadonlySet<string>): string | undefined {
  const owner = workloadOf(kind, name)
  if (owner === undefined) return undefined
  const whole = owner.replace(COMPONENT, '')
  return served.has(whole) ? whole : owner
}

function workloadOf(kind: string, name: string): string | undefined {
  switch (kind) {
    case 'Pod': {
      const set = name.replace(OF_REPLICA_SET, '')
      if (set !== name) return set.replace(OF_DEPLOYMENT, '')
      return name.replace(/-\d+$/, '')
    }
    case 'ReplicaSet':
      return name.replace(OF_DEPLOYMENT, '')
    case 'LeaderWorkerSet':
      return name.replace(/^lws-/, '')
    case 'ScaledObject':
      return name.replace(/^scaledobject-/, '')
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job':
    case 'CronJob':
    case 'Service':
    case 'Ingress':
    case 'HorizontalPodAutoscaler':
    case 'PodDisruptionBudget':
    case 'InferenceService':
      return name
    default:
      return undefined
  }
}

/** Undefined for an event that is about no service. Its id is the version that the server gave it: it grows. */
export function toEvent(event: ClusterEvent, served: ReadonlySet<string>): OmniEvent | undefined {
  const {involvedObject = {}, reason = 'Event', message = '', metadata} = event
  const {kind = '', name = ''} = involvedObject
  const service = serviceOf(kind, name, served)
  if (service === undefined) return undefined
  return {
    id: Number(metadata.resourceVersion ?? 0) || 0,
    time: timeOf(event),
    ref: `service/${service}`,
    type: `${kebab(kind)}.${kebab(reason)}`,
    message: kind === 'InferenceService' || name === service ? message : `${name}: ${message}`,
    details: {
      object: `${kind}/${name}`,
      severity: event.type === 'Warning' ? 'warning' : 'normal',
      count: event.series?.count ?? event.count ?? 1,
    },
  }
}

export function timeOf({metadata, ...event}: ClusterEvent): string {
  const created = typeof metadata.creationTimestamp === 'string' ? metadata.creationTimestamp : undefined
  const {series, lastTimestamp, eventTime, firstTimestamp} = event
  const time = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? created
  const ms = Date.parse(time ?? '')
  return new Date(Number.isNaN(ms) ? 0 : ms).toISOString()
}

/** `FailedScheduling` → `failed-scheduling` */
const kebab = (word: string): string =>
  word
    .replace(/([a-z0-9])([A-Z])|([A-Z]+)(?=[A-Z][a-z])/g, (_, a: string | undefined, b = '', c = '') =>
      a === undefined ? `${c}-` : `${a}-${b}`,
    )
    .toLowerCase()
