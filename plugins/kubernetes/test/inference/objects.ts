import type {ApiObject} from '@omni-cli/sdk'
import type {Parts} from '../../src/provider/inference/component.ts'

/** Small objects of invented services, as the operator and the cluster would make them. */

interface ServiceInput {
  readonly spec?: object
  readonly status?: object
  readonly metadata?: object
}

export const inference = ({spec = {}, status, metadata = {}}: ServiceInput = {}): ApiObject => ({
  apiVersion: 'ome.io/v1beta1',
  kind: 'InferenceService',
  metadata: {name: 'chat', namespace: 'lab', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z', ...metadata},
  spec: {model: {name: 'tiny-1b'}, engine: {minReplicas: 1, maxReplicas: 1}, ...spec},
  ...(status === undefined ? {} : {status}),
})

export const ready = {
  url: 'http://chat.lab.svc.cluster.local:8080',
  observedGeneration: 1,
  conditions: [
    {type: 'Ready', status: 'True'},
    {type: 'EngineReady', status: 'True'},
    {type: 'IngressReady', status: 'True', reason: 'IngressDisabled'},
  ],
}

interface DeploymentInput {
  readonly component?: string
  readonly replicas?: number
  readonly ready?: number
  readonly updated?: number
  readonly gpus?: number
  readonly conditions?: readonly object[]
}

export const deployment = (input: DeploymentInput = {}): ApiObject => {
  const {
    component = 'engine',
    replicas = 1,
    ready: up = replicas,
    updated = replicas,
    gpus = 0,
    conditions = [],
  } = input
  const limits = {memory: '8Gi', ...(gpus === 0 ? {} : {'example.com/gpu': gpus})}
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      ...{name: `chat-${component}`, namespace: 'lab', generation: 1},
      labels: {'ome.io/inferenceservice': 'chat', component, 'base-model-vendor': 'acme'},
      annotations: {'ome.io/serving-runtime': 'fast-runtime'},
    },
    spec: {
      replicas,
      template: {spec: {containers: [{name: 'ome-container', image: 'acme/server:1', resources: {limits}}]}},
    },
    status: {observedGeneration: 1, replicas: updated, updatedReplicas: updated, readyReplicas: up, conditions},
  }
}

interface PodInput {
  readonly name?: string
  readonly component?: string
  readonly status?: object
  readonly spec?: object
  readonly metadata?: object
}

export const pod = ({
  name = 'chat-engine-1',
  component = 'engine',
  status = {},
  spec = {},
  metadata = {},
}: PodInput) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    ...{name, namespace: 'lab', creationTimestamp: '2026-01-01T00:00:10Z'},
    labels: {'ome.io/inferenceservice': 'chat', component, 'pod-template-hash': 'aa11'},
    ...metadata,
  },
  spec: {nodeName: 'n1', containers: [{name: 'ome-container', ports: [{containerPort: 8080}]}], ...spec},
  status: {phase: 'Pending', ...status},
})

/** Its container waits for this reason. */
export const waiting = (reason: string, more: object = {}): object => ({
  phase: 'Pending',
  containerStatuses: [
    {
      name: 'ome-container',
      image: 'acme/server:1',
      restartCount: 0,
      state: {waiting: {reason, message: 'told'}},
      ...more,
    },
  ],
})

/** The scheduler finds no node for it. */
export const unscheduled = (message: string): object => ({
  phase: 'Pending',
  conditions: [{type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message}],
})

export const parts = (given: Partial<Parts> = {}): Parts => ({
  ...{service: inference({status: ready}), deployments: [deployment()], sets: [], pods: []},
  ...given,
})
