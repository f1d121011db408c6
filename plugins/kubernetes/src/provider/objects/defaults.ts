import {isMap, isSame} from './values.ts'

/** A field that the server fills in, or owns. */
export interface DefaultRule {
  /** Dotted; `*` is any item of a list. */
  readonly path: string
  isDefault(value: unknown): boolean
}

const always = () => true
const is = (wanted: unknown) => (value: unknown) => isSame(value, wanted)
const rules = (prefix: string, values: Readonly<Record<string, unknown>>): DefaultRule[] =>
  Object.entries(values).map(([path, value]) => ({path: `${prefix}${path}`, isDefault: is(value)}))

const CONTAINER = {
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  'ports.*.protocol': 'TCP',
}
const PROBE = {timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3, 'httpGet.scheme': 'HTTP'}

/** A file mode is 0644 unless it is said. */
const VOLUME = {
  'secret.defaultMode': 420,
  'configMap.defaultMode': 420,
  'projected.defaultMode': 420,
  'downwardAPI.defaultMode': 420,
  'hostPath.type': '',
}

/** Empty maps that are left over when all in them were defaults. */
const EMPTY = {securityContext: {}, 'containers.*.resources': {}, 'initContainers.*.resources': {}}

const podRules = (prefix: string): DefaultRule[] => [
  ...rules(prefix, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
    ...EMPTY,
  }),
  ...['containers', 'initContainers'].flatMap((list) => [
    ...rules(`${prefix}${list}.*.`, CONTAINER),
    ...['livenessProbe', 'readinessProbe', 'startupProbe'].flatMap((probe) =>
      rules(`${prefix}${list}.*.${probe}.`, PROBE),
    ),
  ]),
  ...rules(`${prefix}volumes.*.`, VOLUME),
  {path: `${prefix}serviceAccount`, isDefault: always},
]

const templateRules = (prefix = 'spec.template.'): DefaultRule[] => [
  {path: `${prefix}metadata.creationTimestamp`, isDefault: (value) => value === null},
  ...podRules(`${prefix}spec.`),
]

const BY_KIND: Readonly<Record<string, readonly DefaultRule[]>> = {
  Deployment: [
    ...rules('spec.', {
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      strategy: {type: 'RollingUpdate', rollingUpdate: {maxUnavailable: '25%', maxSurge: '25%'}},
    }),
    ...templateRules(),
  ],
  StatefulSet: [
    ...rules('spec.', {
      revisionHistoryLimit: 10,
      podManagementPolicy: 'OrderedReady',
      updateStrategy: {type: 'RollingUpdate', rollingUpdate: {partition: 0}},
    }),
    ...templateRules(),
  ],
  DaemonSet: [
    ...rules('spec.', {
      revisionHistoryLimit: 10,
      updateStrategy: {type: 'RollingUpdate', rollingUpdate: {maxUnavailable: 1}},
    }),
    ...templateRules(),
  ],
  Job: [
    ...rules('spec.', {backoffLimit: 6, completions: 1, parallelism: 1}),
    {path: 'spec.selector', isDefault: always},
    {path: 'spec.template.metadata.labels.controller-uid', isDefault: always},
    {path: 'spec.template.metadata.labels.job-name', isDefault: always},
    ...templateRules(),
  ],
  CronJob: [
    ...rules('spec.', {
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    }),
    {path: 'spec.jobTemplate.metadata.creationTimestamp', isDefault: (value) => value === null},
    ...templateRules('spec.jobTemplate.spec.template.'),
  ],
  Pod: [...podRules('spec.'), {path: 'spec.nodeName', isDefault: always}, ...rules('spec.', {priority: 0})],
  Service: [
    ...['clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'healthCheckNodePort'].map((name) => ({
      path: `spec.${name}`,
      isDefault: always,
    })),
    {path: 'spec.clusterIP', isDefault: (value) => value !== 'None'},
    ...rules('spec.', {type: 'ClusterIP', sessionAffinity: 'None', 'ports.*.protocol': 'TCP'}),
  ],
  PersistentVolumeClaim: [{path: 'spec.volumeName', isDefault: always}, ...rules('spec.', {volumeMode: 'Filesystem'})],
  Namespace: [{path: 'spec', isDefault: (value) => isMap(value) && isSame(value.finalizers, ['kubernetes'])}],
  ServiceAccount: [{path: 'secrets', isDefault: always}],
  Secret: rules('', {type: 'Opaque'}),
}

export const defaultsOf = (kind: string): readonly DefaultRule[] => BY_KIND[kind] ?? []
