import type {ApiObject, Finding} from '@omni-cli/sdk'
import type {Facts} from '../../src/provider/inference/diagnose/facts.ts'
import {findingsOf} from '../../src/provider/inference/diagnose/rule.ts'
import {RULES} from '../../src/provider/inference/diagnose/rules.ts'
import type {ClusterEvent} from '../../src/provider/pods/event-map.ts'
import type {ContainerStatus, Pod} from '../../src/provider/pods/pod.ts'

export const NOW = '2026-02-01T12:00:00Z'

export const facts = (some: Partial<Facts>): Facts => ({
  ...{name: 'llama', namespace: 'ml', omeNamespace: 'ome', nowMs: Date.parse(NOW)},
  ...{deployments: [], pods: [], events: [], nodes: [], autoscalers: [], claims: [], services: []},
  ...{agents: [], logs: [], agentLines: [], served: new Set(), unseen: []},
  ...some,
})

export const object = (kind: string, name: string, rest: Record<string, unknown> = {}): ApiObject => ({
  apiVersion: 'v1',
  kind,
  ...rest,
  metadata: {name, ...(typeof rest.metadata === 'object' ? rest.metadata : {})},
})

/** The InferenceService, with a model unless another spec is given. */
export const service = (rest: Record<string, unknown> = {}): ApiObject =>
  object('InferenceService', 'llama', {spec: {model: {name: 'tiny'}}, ...rest})

export const failed = (reason: string, message: string) => ({
  status: {modelStatus: {lastFailureInfo: {reason, message}}},
})

export const condition = (type: string, status: string, more: Record<string, unknown> = {}) => ({
  status: {conditions: [{type, status, ...more}]},
})

export const node = (
  name: string,
  more: {labels?: Record<string, string>; gpus?: number; spec?: object; ready?: string} = {},
) =>
  object('Node', name, {
    metadata: {labels: more.labels ?? {}},
    spec: more.spec ?? {},
    status: {
      conditions: [{type: 'Ready', status: more.ready ?? 'True'}],
      allocatable: {
        cpu: '4',
        memory: '16Gi',
        ...(more.gpus === undefined ? {} : {'nvidia.com/gpu': String(more.gpus)}),
      },
    },
  })

interface PodParts {
  readonly name?: string
  readonly node?: string
  readonly phase?: string
  readonly ready?: boolean
  readonly status?: Partial<ContainerStatus>
  readonly init?: Partial<ContainerStatus>
  readonly requests?: Record<string, string>
  readonly selector?: Record<string, string>
  readonly unscheduled?: string
  readonly labels?: Record<string, string>
  readonly image?: string
  readonly ports?: number[]
}

export function pod(parts: PodParts = {}): Pod {
  const {name = 'llama-engine-5d8f7c9b4-x2v1z', unscheduled, status, init, ready = false} = parts
  const conditions = [
    {type: 'Ready', status: ready ? 'True' : 'False'},
    ...(unscheduled === undefined ? [] : [{type: 'PodScheduled', status: 'False', message: unscheduled}]),
  ]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {name, namespace: 'ml', creationTimestamp: '2026-02-01T11:00:00Z', labels: parts.labels ?? {}},
    spec: {
      nodeName: parts.node,
      nodeSelector: parts.selector,
      containers: [
        {
          name: 'main',
          image: parts.image ?? 'example/server:1',
          resources: {requests: parts.requests, limits: parts.requests},
          ports: (parts.ports ?? []).map((containerPort) => ({containerPort})),
        },
      ],
      initContainers: init === undefined ? [] : [{name: 'prepare', image: 'example/prepare:1'}],
    },
    status: {
      phase: parts.phase ?? (unscheduled === undefined ? 'Running' : 'Pending'),
      conditions,
      containerStatuses: status === undefined ? [] : [{name: 'main', ...status}],
      initContainerStatuses: init === undefined ? [] : [{name: 'prepare', ...init}],
    },
  }
}

export const waits = (reason: string, message = ''): Partial<ContainerStatus> => ({state: {waiting: {reason, message}}})

/** Ended with this, and waits to be started again. */
export const crashes = (exitCode: number, reason = 'Error'): Partial<ContainerStatus> => ({
  restartCount: 4,
  state: {waiting: {reason: 'CrashLoopBackOff'}},
  lastState: {terminated: {exitCode, reason}},
})

export const runs = (more: Partial<ContainerStatus> = {}): Partial<ContainerStatus> => ({
  ready: false,
  state: {running: {startedAt: '2026-02-01T11:50:00Z'}},
  ...more,
})

export const says = (...lines: string[]) => [{pod: pod().metadata.name, container: 'main', lines}]

export const event = (reason: string, message: string, about = `Pod/${pod().metadata.name}`): ClusterEvent => {
  const [kind, name] = about.split('/')
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {name: `e.${reason}`, creationTimestamp: NOW},
    involvedObject: {kind, name},
    reason,
    message,
    type: 'Warning',
    lastTimestamp: NOW,
  }
}

export const deployment = (rest: Record<string, unknown> = {}) =>
  object('Deployment', 'llama-engine', {spec: {replicas: 1}, ...rest})

export const found = (some: Partial<Facts>): Finding[] => findingsOf(RULES, facts(some))

export interface Case {
  readonly rule: string
  readonly when: string
  readonly facts: Partial<Facts>
  /** Part of the message. */
  readonly message: string
  readonly severity?: Finding['severity']
}
