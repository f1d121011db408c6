import {isMap, type JsonMap, type KubeObject} from './objects.ts'
import type {Cause} from './status.ts'

/** Fills in what an API server fills in; only what tools meet. Changes the object. */
export function fillIn(object: KubeObject): void {
  const {kind, apiVersion} = object
  if (kind === 'Namespace') {
    object.spec = {finalizers: ['kubernetes'], ...object.spec}
    object.status ??= {phase: 'Active'}
  } else if (kind === 'Service' && apiVersion === 'v1') fillService(object)
  else if (kind === 'Secret') {
    const {stringData, ...rest} = object
    const encoded = Object.entries(stringData ?? {}).map(([key, value]) => [key, btoa(String(value))])
    for (const field of Object.keys(object)) delete object[field]
    Object.assign(object, rest, {type: rest.type ?? 'Opaque'})
    if (encoded.length > 0) object.data = {...rest.data, ...Object.fromEntries(encoded)}
  } else if (kind === 'Pod') fillPod(object.spec)
  else if (kind === 'Deployment') {
    const rolling = {type: 'RollingUpdate', rollingUpdate: {maxUnavailable: '25%', maxSurge: '25%'}}
    object.spec = {
      replicas: 1,
      strategy: rolling,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...object.spec,
    }
    fillPod(object.spec.template?.spec)
  } else if (kind === 'HorizontalPodAutoscaler') object.spec = {minReplicas: 1, ...object.spec}
  else if (isMap(object.spec?.template)) fillPod(object.spec.template.spec)
}

let lastAddress = 0

function fillService(service: KubeObject): void {
  const isHeadless = service.spec?.clusterIP === 'None'
  lastAddress += 1
  const address = isHeadless ? 'None' : (service.spec?.clusterIP ?? `10.96.${lastAddress >> 8}.${lastAddress & 255}`)
  service.spec = {type: 'ClusterIP', sessionAffinity: 'None', ...service.spec, clusterIP: address}
  for (const port of service.spec.ports ?? []) {
    port.protocol ??= 'TCP'
    port.targetPort ??= port.port
  }
}

function fillPod(spec: JsonMap | undefined): void {
  if (!isMap(spec)) return
  spec.restartPolicy ??= 'Always'
  spec.dnsPolicy ??= 'ClusterFirst'
  spec.schedulerName ??= 'default-scheduler'
  spec.terminationGracePeriodSeconds ??= 30
  spec.securityContext ??= {}
  const containers = [spec.containers, spec.initContainers].flatMap((list) => (Array.isArray(list) ? list : []))
  for (const container of containers) {
    if (!isMap(container)) continue
    const {image} = container
    container.imagePullPolicy ??=
      typeof image === 'string' && /(:latest|\/[^:]*|^[^:]*)$/.test(image) ? 'Always' : 'IfNotPresent'
    container.terminationMessagePath ??= '/dev/termination-log'
    container.terminationMessagePolicy ??= 'File'
    container.resources ??= {}
    for (const port of Array.isArray(container.ports) ? container.ports : []) if (isMap(port)) port.protocol ??= 'TCP'
  }
}

/** Rules of built-in kinds that tools meet. */
export function problemsOfBuiltIn(object: KubeObject): Cause[] {
  if (object.kind === 'Deployment' || object.kind === 'StatefulSet') return problemsOfWorkload(object)
  if (object.kind === 'Pod') return problemsOfPod(object.spec, 'spec')
  if (
    object.kind === 'Service' &&
    object.spec?.type !== 'ExternalName' &&
    !Array.isArray(object.spec?.ports) &&
    object.spec?.clusterIP !== 'None'
  ) {
    return [required('spec.ports')]
  }
  return []
}

function problemsOfWorkload({spec = {}}: KubeObject): Cause[] {
  const wanted: Record<string, string> | undefined = spec.selector?.matchLabels
  const labels: Record<string, string> = spec.template?.metadata?.labels ?? {}
  const matches = wanted !== undefined && Object.entries(wanted).every(([key, value]) => labels[key] === value)
  const field = 'spec.template.metadata.labels'
  const given = `map[string]string{${Object.entries(labels).map(([key, value]) => `"${key}":"${value}"`)}}`
  const message = `Invalid value: ${Object.keys(labels).length === 0 ? 'map[string]string(nil)' : given}: \`selector\` does not match template \`labels\``
  return [
    ...(spec.selector === undefined ? [required('spec.selector')] : []),
    ...(spec.replicas < 0
      ? [
          {
            reason: 'FieldValueInvalid',
            message: `Invalid value: ${spec.replicas}: must be greater than or equal to 0`,
            field: 'spec.replicas',
          },
        ]
      : []),
    ...(matches ? [] : [{reason: 'FieldValueInvalid', message, field}]),
    ...problemsOfPod(spec.template?.spec, 'spec.template.spec'),
  ]
}

function problemsOfPod(spec: KubeObject['spec'], path: string): Cause[] {
  const containers: {name?: string; image?: string}[] = spec?.containers ?? []
  if (containers.length === 0) return [required(`${path}.containers`)]
  return containers.flatMap(({name, image}, index) => [
    ...(name === undefined ? [required(`${path}.containers[${index}].name`)] : []),
    ...(image === undefined ? [required(`${path}.containers[${index}].image`)] : []),
  ])
}

const required = (field: string): Cause => ({reason: 'FieldValueRequired', message: 'Required value', field})

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** What is wrong with a name. Roles may be called almost anything. */
export function problemsOfName({kind, metadata: {name}}: KubeObject): Cause[] {
  if (/Role(Binding)?$/.test(kind)) return []
  const asLabel = kind === 'Namespace' || kind === 'Service'
  if ((asLabel ? LABEL : SUBDOMAIN).test(name) && name.length <= (asLabel ? 63 : 253)) return []
  const rule = asLabel
    ? `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name', or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`
    : `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`
  return [
    {reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(name)}: ${rule}`, field: 'metadata.name'},
  ]
}
