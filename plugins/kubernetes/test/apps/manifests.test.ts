import {describe, expect, it} from 'vitest'
import {containerOf, made, podOf} from './spec.ts'

const envOf = (fields: Parameters<typeof containerOf>[0], more: Parameters<typeof containerOf>[1] = {}) =>
  containerOf(fields, more)?.env

describe('what a field of a service becomes in a container', () => {
  it.each([
    [{port: 8080}, {ports: [{name: 'main', containerPort: 8080, protocol: 'TCP'}]}],
    [{command: 'node server.js --port $PORT', port: 80}, {args: ['node', 'server.js', '--port', '$(PORT)']}],
    [{command: ['sh', '-c', 'echo $PORT $(date) $$']}, {args: ['sh', '-c', 'echo $$PORT $$(date) $$$$']}],
    [{command: 'run "two words" \'$PORT\'', port: 80}, {args: ['run', 'two words', '$PORT']}],
    [{entrypoint: '/app --x'}, {command: ['/app', '--x']}],
    [{working_dir: '/srv'}, {workingDir: '/srv'}],
    [{pull_policy: 'always'}, {imagePullPolicy: 'Always'}],
    [{}, {imagePullPolicy: 'IfNotPresent'}],
    [
      {resources: {cpu: 0.25, memory: '64Mi'}},
      {resources: {limits: {cpu: '250m', memory: '67108864'}, requests: {cpu: '250m', memory: '67108864'}}},
    ],
    [{resources: {gpu: {count: 2}}}, {resources: {limits: {'nvidia.com/gpu': '2'}, requests: {'nvidia.com/gpu': '2'}}}],
    [{volume: {path: '/data'}}, {volumeMounts: [{name: 'data', mountPath: '/data'}]}],
    [{mounts: ['/etc/ssl:/ssl:ro']}, {volumeMounts: [{name: 'host-0', mountPath: '/ssl', readOnly: true}]}],
    [
      {readiness: {path: '/ready', interval_secs: 0.2, port: 81}, port: 80},
      {
        readinessProbe: {
          httpGet: {path: '/ready', port: 81},
          ...{periodSeconds: 1, timeoutSeconds: 3, failureThreshold: 3},
        },
      },
    ],
    [
      {liveness: {exec: ['true'], initial_delay_secs: 5}},
      {livenessProbe: {exec: {command: ['true']}, initialDelaySeconds: 5, periodSeconds: 10}},
    ],
    [
      {health: '/healthz', port: 80, deploy: {ready_timeout_secs: 30}},
      {
        startupProbe: {httpGet: {path: '/healthz', port: 'main'}, periodSeconds: 1, failureThreshold: 30},
        livenessProbe: {httpGet: {path: '/healthz', port: 'main'}},
      },
    ],
    [{port: 80}, {readinessProbe: {tcpSocket: {port: 'main'}}}],
  ] as const)('%j', (fields, wanted) => {
    expect(containerOf(fields as Parameters<typeof containerOf>[0])).toMatchObject(wanted)
  })

  it.each([
    [{placement: {labels: {disk: 'ssd'}}}, {}, {nodeSelector: {disk: 'ssd'}}],
    [{placement: {node: '10.0.0.7'}}, {node: 'n7'}, {nodeSelector: {'kubernetes.io/hostname': 'n7'}}],
    [{user: '1000:2000'}, {}, {securityContext: {runAsUser: 1000, runAsGroup: 2000}}],
    [{port: 80, deploy: {drain_secs: 7}, stop_grace_secs: 20}, {}, {terminationGracePeriodSeconds: 27}],
    [{stop_grace_secs: 20}, {}, {terminationGracePeriodSeconds: 20}],
  ] as const)('%j in its pod', (fields, more, wanted) => {
    expect(podOf(fields as Parameters<typeof podOf>[0], more)).toMatchObject(wanted)
  })

  it.each([
    [20, {exec: {command: ['sleep', '5']}}],
    [30, {sleep: {seconds: 5}}],
  ])('requests are drained by a pause before the end, on 1.%d as that version knows it', (minor, preStop) => {
    expect(containerOf({port: 80}, {minor})).toMatchObject({lifecycle: {preStop}})
  })
})

describe('environment', () => {
  it('has the port and where its dependencies are, and what the spec says wins', () => {
    const dependencies = [
      {name: 'my-db', port: 5432, protocol: 'tcp' as const},
      {name: 'worker', port: undefined, protocol: 'http' as const},
    ]
    expect(envOf({port: 80, depends_on: ['my-db', 'worker'], env: {MY_DB_HOST: 'elsewhere'}}, {dependencies})).toEqual([
      {name: 'PORT', value: '80'},
      {name: 'MY_DB_HOST', value: 'elsewhere'},
      {name: 'MY_DB_PORT', value: '5432'},
      {name: 'MY_DB_URL', value: 'tcp://my-db:5432'},
    ])
  })

  it('keeps what looks like a secret in a Secret of the release', () => {
    const {before} = made({env: {DB_PASSWORD: 'hush', URL: 'https://ann:pw@db/x', PLAIN: 'a'}})
    const secret = before[0]
    expect(secret).toMatchObject({kind: 'Secret', metadata: {name: 'web-env-r3'}})
    expect(Object.keys(secret?.data as object)).toEqual(['DB_PASSWORD', 'URL'])
    const text = JSON.stringify(made({env: {DB_PASSWORD: 'hush'}}).workload)
    expect(text).not.toContain('hush')
  })

  it('takes references from the Secret of the service, also within a text', () => {
    expect(envOf({env: {A: `\${secrets.KEY}`, B: `u:\${secrets.PASS}@h$(x)`}})).toEqual([
      {name: 'OMNI_SECRET_PASS', valueFrom: {secretKeyRef: {name: 'web-secrets', key: 'PASS'}}},
      {name: 'A', valueFrom: {secretKeyRef: {name: 'web-secrets', key: 'KEY'}}},
      {name: 'B', value: 'u:$(OMNI_SECRET_PASS)@h$$(x)'},
    ])
  })

  it.each([
    ['a$b', 'a$b'],
    ['$(PATH)', '$$(PATH)'],
    ['a$$b', 'a$$$$b'],
  ])('%s arrives as it is', (value, written) => {
    expect(envOf({env: {X: value}})).toEqual([{name: 'X', value: written}])
  })
})

describe('objects beside the Deployment', () => {
  const after = (fields: Parameters<typeof made>[0], more: Parameters<typeof made>[1] = {}) => made(fields, more).after

  it('a port is a Service, each alias another one', () => {
    expect(after({port: 80, aliases: ['front']})).toMatchObject([
      {kind: 'Service', metadata: {name: 'web'}, spec: {type: 'ClusterIP', ports: [{port: 80, targetPort: 'main'}]}},
      {kind: 'Service', metadata: {name: 'front'}, spec: {selector: {'omni.service': 'web'}}},
    ])
    expect(after({})).toEqual([])
  })

  it('ports of the nodes', () => {
    expect(after({port: 80, host_port: 30_080, extra_ports: ['30022:22']})).toMatchObject([
      {spec: {type: 'NodePort', ports: [{port: 80, nodePort: 30_080}]}},
      {metadata: {name: 'web-ports'}, spec: {type: 'NodePort', ports: [{port: 22, nodePort: 30_022}]}},
    ])
  })

  it.each([
    [[], [{path: '/', pathType: 'Prefix'}]],
    [
      ['/api/*', '/exact'],
      [
        {path: '/api', pathType: 'Prefix'},
        {path: '/exact', pathType: 'Exact'},
      ],
    ],
  ])('a domain is an Ingress: routes %j', (routes, paths) => {
    const [, ingress] = after({port: 80, domain: 'a.example', routes}, {entrance: {via: 'ingress', className: 'nginx'}})
    expect(ingress).toMatchObject({
      kind: 'Ingress',
      spec: {ingressClassName: 'nginx', rules: [{host: 'a.example', http: {paths}}]},
    })
  })

  it('or an HTTPRoute where the cluster has a Gateway, which takes prefixes off', () => {
    const gateway = {namespace: 'infra', name: 'edge'}
    const entrance = {via: 'gateway', apiVersion: 'gateway.networking.k8s.io/v1', gateway} as const
    const [, route] = after({port: 80, domain: 'a.example', strip_prefix: '/api'}, {entrance})
    expect(route).toMatchObject({
      kind: 'HTTPRoute',
      spec: {
        parentRefs: [gateway],
        rules: [{matches: [{path: {type: 'PathPrefix', value: '/api'}}], filters: [{type: 'URLRewrite'}]}],
      },
    })
  })

  it('replicas: auto is an autoscaler, in the version that is served', () => {
    const fields = {replicas: 'auto', autoscale: {min: 2, max: 5, cpu_percent: 50}, resources: {cpu: 0.5}} as const
    expect(after(fields)).toMatchObject([
      {
        apiVersion: 'autoscaling/v2beta2',
        spec: {minReplicas: 2, maxReplicas: 5, metrics: [{resource: {target: {averageValue: '500m'}}}]},
      },
    ])
    expect(after(fields, {autoscaleApi: 'autoscaling/v1'})).toMatchObject([
      {spec: {targetCPUUtilizationPercentage: 100}},
    ])
  })

  it('a volume is a claim of its own', () => {
    expect(made({volume: {path: '/data', size: '10Gi'}}).before).toMatchObject([
      {
        kind: 'PersistentVolumeClaim',
        metadata: {name: 'web-data'},
        spec: {resources: {requests: {storage: '10737418240'}}},
      },
    ])
  })

  it('cron triggers are CronJobs instead of a Deployment', () => {
    const {workload} = made({triggers: ['cron: 0 0 2 * * *', 'cron: 30 4 * * 1'], restart_policy: 'on-failure:2'})
    expect(workload).toMatchObject([
      {apiVersion: 'batch/v1beta1', kind: 'CronJob', metadata: {name: 'web'}, spec: {schedule: '0 2 * * *'}},
      {metadata: {name: 'web-1'}, spec: {schedule: '30 4 * * 1', jobTemplate: {spec: {backoffLimit: 2}}}},
    ])
  })
})

describe('strategy and labels', () => {
  const specIn = (fields: Parameters<typeof made>[0], replicas: number) => made(fields, {}, replicas).workload[0]

  it.each([
    [{}, 3, {type: 'RollingUpdate', rollingUpdate: {maxUnavailable: 0, maxSurge: '25%'}}],
    [{deploy: {max_unavailable: 2}}, 3, {type: 'RollingUpdate', rollingUpdate: {maxUnavailable: 2, maxSurge: '25%'}}],
    [{volume: {path: '/data'}}, 1, {type: 'Recreate'}],
    [{deploy: {strategy: 'recreate'}}, 1, {type: 'Recreate'}],
  ] as const)('%j', (fields, replicas, strategy) => {
    expect(specIn(fields as Parameters<typeof made>[0], replicas)).toMatchObject({spec: {replicas, strategy}})
  })

  it('labels that Kubernetes has no words for are only in the spec that is kept', () => {
    const labels = specIn({labels: {tier: 'front', note: 'it’s "new"', 'omni.plan': 'shop'}}, 1)?.metadata.labels
    expect(labels).toEqual({
      'app.kubernetes.io/managed-by': 'omni',
      'app.kubernetes.io/name': 'web',
      'omni.service': 'web',
      'omni.plan': 'shop',
      tier: 'front',
    })
  })
})
