import {describe, expect, it} from 'vitest'
import {causeOf} from '../../src/provider/inference/diagnose/cause.ts'
import {RULES} from '../../src/provider/inference/diagnose/rules.ts'
import {rulesFind} from './rules-find.ts'
import {type Case, crashes, deployment, event, facts, found, node, object, pod, runs, says, service} from './world.ts'

const gpu = {'nvidia.com/gpu': '4'}

const probed = (message: string) => event('Unhealthy', `Readiness probe failed: ${message}`)
const refused = 'Get "http://10.0.0.7:8080/health": dial tcp 10.0.0.7:8080: connect: connection refused'

const READINESS: readonly Case[] = [
  {
    rule: 'port-mismatch',
    when: 'it listens elsewhere',
    facts: {
      pods: [pod({status: runs()})],
      events: [probed(refused)],
      logs: says('INFO: Uvicorn running on http://0.0.0.0:30000 (Press CTRL+C to quit)'),
    },
    message: 'listens on port 30000, and is asked on port 8080',
  },
  {
    rule: 'probe-failing',
    when: 'the probe is answered with an error',
    facts: {pods: [pod({status: runs()})], events: [probed('HTTP probe failed with statuscode: 503')]},
    message: 'statuscode: 503',
  },
  {
    rule: 'not-listening',
    when: 'it loads for ten minutes',
    facts: {pods: [pod({status: runs()})], events: [probed(refused)]},
    message: 'runs for 10m',
    severity: 'warning',
  },
  {
    rule: 'ready-is-not-true',
    when: 'Ready is True and the decoder is not',
    facts: {
      service: service({
        status: {
          conditions: [
            {type: 'Ready', status: 'True'},
            {type: 'DecoderReady', status: 'False'},
          ],
        },
      }),
    },
    message: 'says Ready=True, and is not',
  },
  {
    rule: 'no-pods',
    when: 'nobody makes pods',
    facts: {deployments: [deployment()]},
    message: 'there are no pods',
  },
  {
    rule: 'no-deployment',
    when: 'the operator has made nothing',
    facts: {service: service()},
    message: 'has made nothing',
    severity: 'warning',
  },
  {
    rule: 'rollout-stuck',
    when: 'the deadline is over',
    facts: {
      deployments: [
        deployment({
          status: {conditions: [{type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded'}]},
        }),
      ],
    },
    message: 'within its deadline',
    severity: 'warning',
  },
  {
    rule: 'stopped',
    when: 'no replicas are wanted',
    facts: {deployments: [deployment({spec: {replicas: 0}})]},
    message: 'the service is stopped',
    severity: 'info',
  },
  {
    rule: 'pods-ready',
    when: 'all is well',
    facts: {pods: [pod({ready: true, status: {ready: true, state: {running: {}}}})]},
    message: 'all 1 pods are ready',
    severity: 'ok',
  },
]

describe('readiness', () => {
  rulesFind(READINESS)
})

describe('the way of requests', () => {
  const selects = (selector: Record<string, string>, port: unknown = 8080) =>
    object('Service', 'llama-engine', {spec: {selector, ports: [{port: 80, targetPort: port}]}})

  rulesFind([
    {
      rule: 'selects-nothing',
      when: 'the selector fits no pod',
      facts: {pods: [pod({labels: {app: 'llama'}})], services: [selects({app: 'lama'})]},
      message: 'selects none of the pods',
    },
    {
      rule: 'service-port',
      when: 'the port is no port of a container',
      facts: {pods: [pod({labels: {app: 'llama'}, ports: [8080]})], services: [selects({app: 'llama'}, 9000)]},
      message: 'a port that its containers do not name',
      severity: 'warning',
    },
    {
      rule: 'ingress-not-ready',
      when: 'the ingress fails although the engine is ready',
      facts: {
        service: service({
          status: {
            conditions: [
              {type: 'EngineReady', status: 'True'},
              {type: 'IngressReady', status: 'False', message: 'no gateway'},
            ],
          },
        }),
      },
      message: 'the way in is not ready: no gateway',
    },
    {
      rule: 'url-without-ingress',
      when: 'ingresses are turned off',
      facts: {service: service({status: {url: 'http://llama.ml.svc.cluster.local:8080', conditions: []}})},
      message: 'only inside the cluster',
      severity: 'info',
    },
  ])
})

describe('scaling', () => {
  const scaler = (rest: object = {}) =>
    object('HorizontalPodAutoscaler', 'llama-engine', {
      spec: {minReplicas: 1, maxReplicas: 3, targetCPUUtilizationPercentage: 80},
      ...rest,
    })
  const keda = (more: object = {}) => service({metadata: {annotations: {'ome.io/autoscalerClass': 'keda', ...more}}})

  rulesFind([
    {rule: 'keda-missing', when: 'KEDA is not there', facts: {service: keda()}, message: 'it is not installed'},
    {
      rule: 'keda-without-query',
      when: 'no query is given',
      facts: {service: keda(), served: new Set(['scaledobjects.keda.sh'])},
      message: 'which matches nothing',
      severity: 'warning',
    },
    {
      rule: 'gpus-scaled-by-cpu',
      when: 'devices follow the CPU',
      facts: {pods: [pod({requests: gpu, ready: true})], autoscalers: [scaler()]},
      message: 'up to 3 replicas',
      severity: 'warning',
    },
    {
      rule: 'autoscaler-blind',
      when: 'it gets no figures, as autoscaling/v1 tells it',
      facts: {
        autoscalers: [
          scaler({
            metadata: {
              annotations: {
                'autoscaling.alpha.kubernetes.io/conditions': JSON.stringify([
                  {type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric', message: 'no metrics'},
                ]),
              },
            },
          }),
        ],
      },
      message: 'the autoscaler gets no figures',
      severity: 'warning',
    },
    {
      rule: 'autoscaler-at-most',
      when: 'it wants more',
      facts: {
        autoscalers: [
          scaler({status: {conditions: [{type: 'ScalingLimited', status: 'True', reason: 'TooManyReplicas'}]}}),
        ],
      },
      message: 'wants more replicas than it may have',
      severity: 'info',
    },
  ])
})

describe('all rules', () => {
  it('have ids of their own', () => {
    expect(new Set(RULES.map(({id}) => id)).size).toBe(RULES.length)
  })

  it('trouble of before is no cause of a service that is well now', () => {
    const about = 'InferenceService/llama'
    const isReady = {status: {conditions: [{type: 'Ready', status: 'True'}]}}
    const findings = found({
      service: service({...isReady, spec: {model: {name: 'tiny'}, runtime: {name: 'fast'}}}),
      model: object('ClusterBaseModel', 'tiny', {spec: {storage: {path: '/m'}}, status: {state: 'Ready'}}),
      runtime: object('ServingRuntime', 'fast'),
      deployments: [deployment()],
      pods: [
        pod({
          ready: true,
          status: {ready: true, restartCount: 3, state: {running: {}}, lastState: {terminated: {exitCode: 1}}},
        }),
      ],
      events: [
        event('Unhealthy', 'Liveness probe failed: timeout'),
        event('Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503'),
        event('FailedMount', 'not yet'),
        event('Failed', 'Failed to pull image'),
        event('FailedCreate', 'exceeded quota', 'ReplicaSet/llama-engine-5d8f7c9b4'),
        ...['ServerlessModeRejected', 'RuntimeValidationError', 'RuntimeSelectionError', 'MergeSpecsError'].map(
          (reason) => event(reason, 'before', about),
        ),
      ],
    })
    expect(findings.map(({rule}) => rule)).toEqual(['pods-ready'])
  })

  it('causes come before symptoms, and the first is the cause', () => {
    const some = {
      nodes: [node('n1', {ready: 'False'})],
      pods: [pod({node: 'n1', status: crashes(1)})],
      deployments: [deployment({spec: {replicas: 0}})],
    }
    const findings = found(some)

    expect(findings.map(({severity}) => severity)).toEqual(['cause', 'cause', 'cause', 'info'])
    expect(causeOf(facts(some))).toBe(findings[0]?.message)
    expect(findings[0]?.rule).toBe('nodes-none')
    expect(causeOf(facts({}))).toBeUndefined()
  })
})
