import {type ApiObject, type CallOptions, OmniError, type ServingChange, type ServingPlan} from '@omni-cli/sdk'
import type {KubeClient} from '../../../client/kube-client.ts'
import {at, textAt} from '../../../fields.ts'
import {requireServed} from '../../catalog/kinds.ts'
import {componentsOf, type Parts} from '../component.ts'
import {modeOf} from '../mode.ts'
import {INFERENCE_SERVICE, MODE} from '../names.ts'
import {requireParts} from '../require.ts'
import {type AutoscaleSettings, autoscaleSettings} from './autoscale.ts'
import {chooseRuntime, type RuntimeAnswer} from './choose-runtime.ts'
import {deviceObstacle, devicePrice} from './devices.ts'
import {changesOf} from './dry-run.ts'
import {exchangeWarnings, restartsPods} from './exchange.ts'
import {mergePatch} from './merge-patch.ts'
import {refuseCanary} from './plan-deploy.ts'
import {runtimeParts} from './runtime-parts.ts'
import {servedSchema} from './served-schema.ts'
import {lookAround, type ServingSources, type Surroundings} from './surroundings.ts'
import {parseAssignments} from './typed-set.ts'
import {AUTO_RUNTIME, wantedService} from './wanted.ts'

/** An update that is ready to be done. */
export interface PreparedUpdate {
  readonly plan: ServingPlan
  readonly parts: Parts
  /** JSON merge patch; undefined when nothing changes. */
  readonly patch: unknown
}

/** What an update would do. The errors are those of a deploy; NOT_FOUND without the service. */
export async function prepareUpdate(
  client: KubeClient,
  sources: ServingSources,
  {name, change}: {readonly name: string; readonly change: ServingChange},
  {signal}: CallOptions = {},
): Promise<PreparedUpdate> {
  const kind = await requireServed(client, INFERENCE_SERVICE, {signal})
  const wishes = change.set ?? []
  const [parts, schema] = await Promise.all([
    requireParts(client, name, {signal}),
    wishes.length === 0 ? undefined : servedSchema(client, kind, {signal}),
  ])
  const {service} = parts
  refuseCanary({name, canary: change.canary}, service)
  if (change.rollout !== undefined) refuseRollout(service, change.rollout)
  const assignments = parseAssignments(wishes, schema)
  const before = {model: textAt(service, 'spec', 'model', 'name'), runtime: textAt(service, 'spec', 'runtime', 'name')}
  const model = change.model ?? before.model ?? ''
  const runtime = change.runtime === AUTO_RUNTIME ? undefined : (change.runtime ?? before.runtime)
  const around = await lookAround(client, sources, {model, runtime}, {signal})
  const accelerator = textAt(service, 'spec', 'acceleratorSelector', 'acceleratorClass')
  const isOther = change.model !== undefined || change.runtime !== undefined
  const answer = isOther ? chooseRuntime(around, {model, runtime, accelerator, namespace: client.namespace}) : undefined
  const serving = answer?.runtime ?? currentRuntime(parts, around)
  const autoscale = await scalingOf(client, {change, name, engine: serving?.engine}, {signal})
  const wanted = wantedService(service, {
    ...{change, autoscale, assignments, runtime: serving},
    modelKind: change.model === undefined ? undefined : answer?.model.kind,
  })
  const patch = patchOf(service, wanted)
  const rehearsed = patch === undefined ? undefined : await rehearse(client, service, patch, {signal})
  const facts = {parts, around, answer, wanted, changes: rehearsed?.changes ?? [], accelerator}
  return {parts, patch, plan: planOf(facts, rehearsed?.warnings ?? [])}
}

function refuseRollout(service: ApiObject, rollout: string): void {
  const mode = modeOf(service)
  if (mode !== MODE.serverless && mode !== MODE.virtual) return
  throw new OmniError(
    'UNSUPPORTED',
    `--rollout ${rollout}: in the mode ${mode} the pods are not exchanged by a Deployment`,
  )
}

function currentRuntime({service, deployments}: Parts, {runtimes}: Surroundings) {
  const named = textAt(service, 'spec', 'runtime', 'name')
  const chosen = deployments
    .map((one) => at(one, 'spec', 'template', 'metadata', 'annotations', 'ome.io/serving-runtime'))
    .find((text) => typeof text === 'string')
  const found = runtimes.find(({metadata}) => metadata.name === (named ?? chosen))
  return found && runtimeParts(found)
}

async function scalingOf(
  client: KubeClient,
  {
    change,
    name,
    engine,
  }: {readonly change: ServingChange; readonly name: string; readonly engine?: 'vllm' | 'sglang' | undefined},
  {signal}: CallOptions,
): Promise<AutoscaleSettings | undefined> {
  const {autoscale} = change
  if (autoscale === undefined || autoscale === 'off') return undefined
  const keda = await client.findKind('scaledobjects.keda.sh', {signal})
  return autoscaleSettings(autoscale, {service: name, namespace: client.namespace, engine, hasKeda: keda !== undefined})
}

const patchOf = (before: ApiObject, after: ApiObject): unknown =>
  mergePatch(
    {spec: before.spec, metadata: {annotations: at(before, 'metadata', 'annotations')}},
    {spec: after.spec, metadata: {annotations: at(after, 'metadata', 'annotations')}},
  )

async function rehearse(client: KubeClient, service: ApiObject, patch: unknown, {signal}: CallOptions) {
  const warnings: string[] = []
  const place = {kind: INFERENCE_SERVICE, namespace: service.metadata.namespace, name: service.metadata.name}
  const after = await client.patch(place, patch, {
    ...{type: 'merge', dryRun: true, signal},
    onWarning: (text) => void warnings.push(text),
  })
  return {changes: changesOf(service, after), warnings}
}

interface UpdateFacts {
  readonly parts: Parts
  readonly around: Surroundings
  readonly answer: RuntimeAnswer | undefined
  readonly wanted: ApiObject
  readonly changes: readonly string[]
  readonly accelerator: string | undefined
}

function planOf(facts: UpdateFacts, told: readonly string[]): ServingPlan {
  const {parts, around, answer, wanted, changes, accelerator} = facts
  const engine = componentsOf(parts).find(({name}) => name === 'engine')
  const perReplica = answer?.runtime.needs.gpus ?? engine?.gpus ?? 0
  const perPod = answer?.runtime.gpusPerPod ?? perReplica
  const replicas = Number(at(wanted, 'spec', 'engine', 'minReplicas') ?? 1)
  const gpus = perReplica * replicas
  const price = devicePrice(around.accelerators, {accelerator, perPod})
  const isExchange = changes.some(restartsPods)
  const missing = shortage(facts, {perPod, replicas, isExchange, ready: engine?.desired ?? 0})
  return {
    action: changes.length === 0 ? 'keep' : 'update',
    manifests: [
      {
        apiVersion: wanted.apiVersion,
        kind: wanted.kind,
        metadata: {name: wanted.metadata.name, namespace: wanted.metadata.namespace},
        spec: wanted.spec,
      },
    ],
    ...(answer === undefined ? {} : {runtime: answer.runtime.name, runtimeBy: answer.by}),
    ...{gpusPerReplica: perReplica, gpus, changes},
    ...(price === undefined || gpus === 0 ? {} : {perHour: price * gpus}),
    warnings: [...told, ...exchangeWarnings(wanted.metadata.name, changes)],
    obstacles: [...(answer?.obstacles ?? []), ...(missing === undefined ? [] : [missing])],
  }
}

/** A progressive exchange has one pod more for a while; more replicas need theirs. */
function shortage(
  {around, wanted}: UpdateFacts,
  {perPod, replicas, isExchange, ready}: {perPod: number; replicas: number; isExchange: boolean; ready: number},
): string | undefined {
  if (around.capacity === undefined) return undefined
  const more = Math.max(0, replicas - ready)
  const isRecreated = textAt(wanted, 'spec', 'engine', 'deploymentStrategy', 'type') === 'Recreate'
  const surge = isExchange && !isRecreated && ready > 0 ? 1 : 0
  const obstacle = deviceObstacle(around.capacity, {perPod, pods: Math.max(more, surge)})
  if (obstacle === undefined) return undefined
  return surge > more
    ? `to exchange pods one by one: ${obstacle} (--rollout recreate ends the old ones first)`
    : obstacle
}
