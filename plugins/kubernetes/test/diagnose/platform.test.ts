import {describe} from 'vitest'
import {rulesFind} from './rules-find.ts'
import {condition, deployment, event, failed, node, object, pod, service} from './world.ts'

const operator = [
  object('Deployment', 'ome-controller-manager', {status: {readyReplicas: 1}}),
  object('DaemonSet', 'ome-model-agent-daemonset', {status: {desiredNumberScheduled: 3, numberReady: 3}}),
]

describe('the cluster', () => {
  rulesFind([
    {
      rule: 'namespace-terminating',
      when: 'the namespace is being deleted',
      facts: {namespaceObject: object('Namespace', 'ml', {status: {phase: 'Terminating'}})},
      message: "'ml' is being deleted",
    },
    {
      rule: 'nodes-none',
      when: 'every node is cordoned or not ready',
      facts: {nodes: [node('n1', {spec: {unschedulable: true}}), node('n2', {ready: 'Unknown'})]},
      message: 'no node of the cluster takes pods: 2',
    },
    {
      rule: 'operator-missing',
      when: 'there is no controller',
      facts: {service: service(), operator: [operator[1] ?? object('DaemonSet', 'x')]},
      message: 'the OME controller is not installed',
    },
    {
      rule: 'operator-down',
      when: 'the controller has no ready replica',
      facts: {service: service(), operator: [object('Deployment', 'ome-controller-manager', {status: {}})]},
      message: 'the OME controller does not run',
    },
    {
      rule: 'operator-behind',
      when: 'the operator has seen an older generation',
      facts: {service: service({metadata: {generation: 3}, status: {observedGeneration: 2}}), operator},
      message: 'has not acted on the last change',
      severity: 'warning',
    },
    {
      rule: 'agents-missing',
      when: 'there are no model agents',
      facts: {service: service(), operator: [object('Deployment', 'ome-controller-manager')]},
      message: 'no model agents run',
    },
    {
      rule: 'agents-down',
      when: 'an agent is not ready',
      facts: {
        service: service(),
        operator: [object('DaemonSet', 'ome-model-agent', {status: {desiredNumberScheduled: 3, numberReady: 2}})],
      },
      message: '1 of 3 model agents do not run',
      severity: 'warning',
    },
    {
      rule: 'node-pressure',
      when: 'the node of a pod has no disk left',
      facts: {
        pods: [pod({node: 'n1'})],
        nodes: [
          object('Node', 'n1', {
            status: {
              conditions: [
                {type: 'Ready', status: 'True'},
                {type: 'DiskPressure', status: 'True'},
              ],
            },
          }),
        ],
      },
      message: 'runs short',
      severity: 'warning',
    },
    {
      rule: 'node-lost',
      when: 'the node of a pod does not report',
      facts: {pods: [pod({node: 'n1'})], nodes: [node('n1', {ready: 'Unknown'}), node('n2')]},
      message: "'n1' of its pods is not ready",
    },
  ])
})

const refused = (message: string) => ({
  deployments: [deployment()],
  events: [event('FailedCreate', `Error creating: ${message}`, 'ReplicaSet/llama-engine-5d8f7c9b4')],
})

describe('admission', () => {
  rulesFind([
    {
      rule: 'webhook-unreachable',
      when: 'a webhook does not answer',
      facts: refused('Internal error occurred: failed calling webhook "pods.example.io": context deadline exceeded'),
      message: "the admission webhook 'pods.example.io' does not answer",
    },
    {
      rule: 'webhook-denied',
      when: 'a webhook refuses',
      facts: refused('admission webhook "policy.example.io" denied the request: no latest tags'),
      message: "'policy.example.io' refuses the pods: no latest tags",
    },
    {
      rule: 'quota-exceeded',
      when: 'a quota is used up, as the Deployment tells it',
      facts: {
        deployments: [
          deployment(
            condition('ReplicaFailure', 'True', {
              message:
                'pods "x" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=4, used: requests.nvidia.com/gpu=6, limited: requests.nvidia.com/gpu=8',
            }),
          ),
        ],
      },
      message: "the quota 'gpus' leaves no room: asked for requests.nvidia.com/gpu=4, used requests.nvidia.com/gpu=6",
    },
    {
      rule: 'quota-needs-values',
      when: 'a quota wants limits',
      facts: refused('pods "x" is forbidden: failed quota: compute: must specify limits.cpu,limits.memory'),
      message: "the quota 'compute' takes no pod without limits.cpu",
    },
    {
      rule: 'limit-range',
      when: 'a limit range refuses',
      facts: refused('pods "x" is forbidden: maximum memory usage per Container is 2Gi, but limit is 8Gi'),
      message: 'maximum memory usage per Container is 2Gi',
    },
    {
      rule: 'service-account-missing',
      when: 'the service account is not there',
      facts: refused(
        'pods "x" is forbidden: error looking up service account ml/robot: serviceaccount "robot" not found',
      ),
      message: "'robot', which is not there",
    },
    {
      rule: 'pod-security',
      when: 'pod security refuses',
      facts: refused('pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'),
      message: "'restricted:latest' of the namespace refuses",
    },
    {
      rule: 'pods-refused',
      when: 'the refusal is of no known kind',
      facts: refused('something new'),
      message: 'pods cannot be made: Error creating: something new',
    },
  ])
})

describe('the operator on the runtime', () => {
  const named = {spec: {model: {name: 'tiny'}, runtime: {name: 'fast'}}}
  const about = 'InferenceService/llama'

  rulesFind([
    {
      rule: 'runtime-not-found',
      when: 'the named runtime is not there',
      facts: {service: service(named)},
      message: "the runtime 'fast' is not in this cluster",
    },
    {
      rule: 'runtime-disabled',
      when: 'the named runtime is disabled',
      facts: {service: service(named), runtime: object('ServingRuntime', 'fast', {spec: {disabled: true}})},
      message: "the runtime 'fast' is disabled",
    },
    {
      rule: 'runtime-incompatible',
      when: 'the operator says that it does not fit',
      facts: {
        service: service(named),
        runtime: object('ServingRuntime', 'fast'),
        events: [event('RuntimeValidationError', 'model size 70B out of range', about)],
      },
      message: "cannot serve 'tiny': model size 70B out of range",
    },
    {
      rule: 'runtime-none',
      when: 'the operator finds none',
      facts: {service: service(failed('NoSupportingRuntime', 'checked 3 runtimes'))},
      message: "no runtime of this cluster can serve 'tiny'",
    },
    {
      rule: 'serverless-missing',
      when: 'Serverless is refused',
      facts: {service: service(), events: [event('ServerlessModeRejected', 'Knative is not there', about)]},
      message: 'which needs Knative',
    },
    {
      rule: 'operator-error',
      when: 'the operator cannot merge the specs',
      facts: {service: service(), events: [event('MergeSpecsError', 'bad patch', about)]},
      message: 'the operator cannot act on this service: bad patch',
    },
  ])
})
