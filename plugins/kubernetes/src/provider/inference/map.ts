import type {ApiObject, ServedModel, Service, ServiceFailure, ServiceSpec, ServingComponent} from '@omni-cli/sdk'
import {at, listAt, numberAt, textAt, textMapAt} from '../../fields.ts'
import {type ComponentState, componentsOf, operatorAnnotation, type Parts} from './component.ts'
import {REASON} from './hopeless.ts'
import {modeOf} from './mode.ts'
import {ANNOTATION, LABEL, MAIN_CONTAINER} from './names.ts'
import {replicasOf} from './replicas.ts'
import {failureOf, judge, type Verdict} from './status.ts'
import {worst} from './trouble.ts'

/** An InferenceService and what belongs to it, as a service. */
export function toService(parts: Parts): Service {
  const {service} = parts
  const components = componentsOf(parts)
  const verdict = judge(service, components)
  const engine = components.find(({name}) => name === 'engine') ?? components[0]
  const url = textAt(service, 'status', 'url') ?? textAt(service, 'status', 'address', 'url')
  const lastFailure = verdict.status === 'failed' ? lastFailureOf(parts, components, verdict) : undefined
  const namespace = service.metadata.namespace
  return {
    name: service.metadata.name,
    ...(namespace === undefined ? {} : {project: namespace}),
    status: verdict.status,
    spec: specOf(parts, engine),
    desiredReplicas: engine?.desired ?? 0,
    runningReplicas: engine?.ready ?? 0,
    release: textAt(service, 'status', 'components', 'engine', 'latestReadyRevision'),
    endpoints: url === undefined || !URL.canParse(url) ? [] : [{url, via: 'domain'}],
    replicas: replicasOf(service.metadata.name, parts.pods),
    ...(lastFailure === undefined ? {} : {lastFailure}),
    serving: servingOf(parts, components, verdict),
    createdAt: textAt(service, 'metadata', 'creationTimestamp'),
  }
}

function servingOf(parts: Parts, components: readonly ComponentState[], verdict: Verdict): ServedModel {
  const {service, model} = parts
  const named = textAt(service, 'spec', 'runtime', 'name')
  const runtime = named ?? operatorAnnotation(parts, ANNOTATION.runtime)
  const failure = failureOf(service)
  const traffic = trafficOf(service)
  return {
    model: textAt(service, 'spec', 'model', 'name'),
    size: textAt(model, 'spec', 'modelParameterSize'),
    vendor: vendorOf(parts),
    runtime,
    runtimeBy: runtime === undefined ? undefined : named === undefined ? 'selected' : 'named',
    mode: modeOf(service),
    components: components.map(shownComponent),
    gpus: components.reduce((total, {gpus, desired}) => total + gpus * desired, 0),
    ...(verdict.reason === undefined ? {} : {reason: verdict.reason}),
    ...(failure === undefined ? {} : {failure: {reason: failure.reason, message: failure.message}}),
    ...(traffic.length === 0 ? {} : {traffic}),
  }
}

const shownComponent = ({exists, isUpToDate, troubles, stuck, ...shown}: ComponentState): ServingComponent => shown

function vendorOf({model, deployments, pods}: Parts): string | undefined {
  const told = textAt(model, 'spec', 'vendor')
  if (told !== undefined) return told
  return [...deployments, ...pods]
    .map((object) => textMapAt(object, 'metadata', 'labels')[LABEL.modelVendor])
    .find((vendor) => vendor !== undefined)
}

const trafficOf = (service: ApiObject): {readonly revision: string; readonly percent: number}[] =>
  listAt(service, 'status', 'components', 'engine', 'traffic').flatMap((entry) => {
    const percent = numberAt(entry, 'percent')
    const revision = textAt(entry, 'revisionName') ?? textAt(entry, 'tag')
    return percent === undefined || revision === undefined ? [] : [{revision, percent}]
  })

/** What it shares with applications. */
function specOf(parts: Parts, engine: ComponentState | undefined): ServiceSpec {
  const {service} = parts
  const [min, max] = [engine?.minReplicas ?? engine?.desired ?? 1, engine?.maxReplicas]
  const isScaled = max !== undefined && max > min
  const container = mainContainer(parts)
  const image = textAt(container, 'image')
  return {
    name: service.metadata.name,
    ...(service.metadata.namespace === undefined ? {} : {project: service.metadata.namespace}),
    runtime: 'container',
    ...(image === undefined ? {} : {image}),
    replicas: isScaled ? 'auto' : min,
    protocol: 'http',
    ...{routes: [], env: {}, labels: textMapAt(service, 'metadata', 'labels'), aliases: [], mounts: [], triggers: []},
    ...{internal: false, depends_on: [], stop_grace_secs: 30},
  }
}

/** Of the engine: that of its workload, else what the service itself says. */
function mainContainer({service, deployments}: Parts): unknown {
  const engine = deployments.find((one) => textAt(one, 'metadata', 'name') === `${service.metadata.name}-engine`)
  const containers = listAt(engine, 'spec', 'template', 'spec', 'containers')
  return (
    containers.find((container) => textAt(container, 'name') === MAIN_CONTAINER) ??
    containers[0] ??
    at(service, 'spec', 'engine', 'runner')
  )
}

function lastFailureOf(
  {service}: Parts,
  components: readonly ComponentState[],
  {reason}: Verdict,
): ServiceFailure | undefined {
  const trouble = worst(components.flatMap(({troubles}) => troubles))
  const failure = failureOf(service)
  const message = reason ?? failure?.message
  if (message === undefined) return undefined
  return {
    reason: trouble === undefined ? (failure?.reason ?? 'NotReady') : REASON[trouble.kind],
    message,
    restarts: trouble?.restarts ?? 0,
    at: failure?.at ?? textAt(service, 'metadata', 'creationTimestamp') ?? '',
    lastLines: [],
  }
}
