import {
  type ApiObject,
  type CallOptions,
  nameProblem,
  OmniError,
  type ServingPlan,
  type ServingSpec,
} from '@omni-cli/sdk'
import type {KubeClient} from '../../../client/kube-client.ts'
import {requireServed} from '../../catalog/kinds.ts'
import {getService} from '../gather.ts'
import {modeOf} from '../mode.ts'
import {componentObject, INFERENCE_SERVICE, MODE} from '../names.ts'
import {autoscaleSettings} from './autoscale.ts'
import {chooseRuntime, type RuntimeAnswer} from './choose-runtime.ts'
import {deviceObstacle, devicePrice} from './devices.ts'
import {type Rehearsal, rehearseApply} from './dry-run.ts'
import {exchangeWarnings} from './exchange.ts'
import {inferenceService} from './manifest.ts'
import {lookAround, type ServingSources, type Surroundings} from './surroundings.ts'
import {refuseTaken} from './taken.ts'

/** A deploy that is ready to be done. */
export interface Prepared {
  readonly plan: ServingPlan
  readonly manifest: ApiObject
  readonly existing: ApiObject | undefined
}

/**
 * What deploying a model would do, with the server's and the operator's own answer. UNSUPPORTED without OME, USAGE for a name that
 * the operator refuses; NOT_FOUND and CONFLICT for what makes the service impossible.
 */
export async function prepareDeploy(
  client: KubeClient,
  sources: ServingSources,
  spec: ServingSpec,
  {signal}: CallOptions = {},
): Promise<Prepared> {
  refuseSpec(client, spec)
  const kind = await requireServed(client, INFERENCE_SERVICE, {signal})
  const [around, existing, keda] = await Promise.all([
    lookAround(client, sources, spec, {signal}),
    getService(client, spec.name, {signal}),
    spec.autoscale === undefined ? undefined : client.findKind('scaledobjects.keda.sh', {signal}),
  ])
  if (existing === undefined) await refuseTaken(client, spec.name, {signal})
  refuseCanary(spec, existing)
  const {namespace} = client
  const answer = chooseRuntime(around, {...spec, namespace})
  if (spec.decoder === true && !answer.runtime.hasDecoder) throw noDecoder(answer.runtime.name)
  const autoscale =
    spec.autoscale &&
    autoscaleSettings(spec.autoscale, {
      ...{service: spec.name, namespace, engine: answer.runtime.engine, hasKeda: keda !== undefined},
    })
  const manifest = inferenceService({
    ...{spec, namespace, autoscale, runtime: answer.runtime, modelKind: answer.model.kind},
    apiVersion: `${kind.group}/${kind.version}`,
  })
  const rehearsal = await rehearseApply(client, kind, {manifest, existing}, {signal})
  return {plan: planOf(spec, {around, answer, rehearsal, manifest, existing}), manifest, existing}
}

/** Before anything is asked. */
/** A label of its pods is `<service>-engine`, and labels have at most 63 characters: more, and the operator can make nothing. */
const LONGEST_LABEL = 63

function longNameProblem({name, decoder}: ServingSpec): string | undefined {
  const most = LONGEST_LABEL - componentObject('', decoder === true ? 'decoder' : 'engine').length
  if (name.length <= most) return undefined
  return `the name has ${name.length} characters; at most ${most} are allowed, as its pods are labelled with more`
}

function refuseSpec(client: KubeClient, spec: ServingSpec): void {
  const {name, namespace, minReplicas, maxReplicas} = spec
  const problem = nameProblem(name) ?? longNameProblem(spec)
  if (problem !== undefined) throw new OmniError('USAGE', `'${name}' names no service: ${problem}`)
  if (namespace !== undefined && namespace !== client.namespace) {
    throw new OmniError('USAGE', `'${name}' is for namespace '${namespace}', and this one is '${client.namespace}'`, {
      hint: `the same command with --namespace ${namespace}`,
    })
  }
  if (minReplicas < 1) {
    throw new OmniError('UNSUPPORTED', 'fewer than 1 replica means the mode Serverless to the operator: Knative', {
      hint: `omni stop ${name}, once it is deployed`,
    })
  }
  if (maxReplicas < minReplicas) {
    throw new OmniError('USAGE', `at most ${maxReplicas} replicas are less than at least ${minReplicas}`)
  }
}

/** A share of the requests for a new version needs Knative; without it the operator ignores the field. */
export function refuseCanary(
  {name, canary}: Pick<ServingSpec, 'name' | 'canary'>,
  existing: ApiObject | undefined,
): void {
  if (canary === undefined) return
  if (existing === undefined) {
    throw new OmniError('CONFLICT', `there is no '${name}' yet that a canary could be beside`, {
      hint: 'the same command without --canary',
    })
  }
  const mode = modeOf(existing)
  if (mode === MODE.serverless) return
  throw new OmniError(
    'UNSUPPORTED',
    `'${name}' runs in the mode ${mode}: there the operator splits no traffic (it reads canaryTrafficPercent only in the mode Serverless)`,
    {hint: `omni deploy MODEL --name ${name}-next, as a service of its own beside it`},
  )
}

const noDecoder = (runtime: string): OmniError =>
  new OmniError('USAGE', `the runtime '${runtime}' has no decoder`, {hint: `omni describe runtime ${runtime}`})

interface PlanFacts {
  readonly around: Surroundings
  readonly answer: RuntimeAnswer
  readonly rehearsal: Rehearsal
  readonly manifest: ApiObject
  readonly existing: ApiObject | undefined
}

function planOf(spec: ServingSpec, {around, answer, rehearsal, manifest, existing}: PlanFacts): ServingPlan {
  const {runtime, by, obstacles} = answer
  const perReplica = runtime.needs.gpus
  const gpus = perReplica * spec.minReplicas
  const price = devicePrice(around.accelerators, {accelerator: spec.accelerator, perPod: runtime.gpusPerPod})
  const isNew = existing === undefined
  const missing =
    isNew && around.capacity !== undefined
      ? deviceObstacle(around.capacity, {
          perPod: runtime.gpusPerPod,
          pods: podsOf(spec, runtime.needs.gpus, runtime.gpusPerPod),
        })
      : undefined
  return {
    action: isNew ? 'create' : rehearsal.changes.length === 0 ? 'keep' : 'update',
    manifests: [manifest],
    ...{runtime: runtime.name, runtimeBy: by, gpusPerReplica: perReplica, gpus},
    ...(price === undefined || gpus === 0 ? {} : {perHour: price * gpus}),
    warnings: [
      ...rehearsal.warnings,
      ...operatorDiffers(rehearsal, runtime.name, around),
      ...unknownCapacity(around, gpus),
      ...exchangeWarnings(spec.name, rehearsal.changes),
    ],
    ...(isNew ? {} : {changes: rehearsal.changes}),
    obstacles: [...obstacles, ...(missing === undefined ? [] : [missing])],
  }
}

const podsOf = ({minReplicas}: ServingSpec, gpus: number, perPod: number): number =>
  minReplicas * (perPod === 0 ? 1 : Math.max(1, Math.ceil(gpus / perPod)))

/** The operator tells its choice in a warning; when it names another runtime of ours, that is the one. */
function operatorDiffers({warnings}: Rehearsal, ours: string, {runtimes}: Surroundings): string[] {
  const told = warnings.join('\n')
  if (told === '' || told.includes(ours)) return []
  const other = runtimes
    .map(({metadata}) => metadata.name)
    .find((name) => told.includes(`'${name}'`) || told.includes(` ${name} `))
  return other === undefined ? [] : [`the operator names '${other}', not '${ours}'`]
}

const unknownCapacity = ({capacity}: Surroundings, gpus: number): string[] =>
  capacity === undefined && gpus > 0 ? ['whether devices are free is not known: you may not look at nodes'] : []
