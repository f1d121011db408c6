import {
  isAbort,
  isOmniError,
  mapLimit,
  messageOf,
  OmniError,
  type Service,
  type ServingFacet,
  type ServingPlan,
  type ServingSpec,
} from '@omni-cli/sdk'
import {type BaseCommand, listView, type View} from '@omni-cli/sdk/cli'
import type {FoundProblem} from '@omni-cli/sdk/engine'
import {actOnEach} from '../../apps/act.ts'
import {actView} from '../../apps/service-view.ts'
import {type DeployModelOptions, waiting} from '../deploy.ts'
import {openServing} from '../facet.ts'
import {plainLines, servingPlanLines} from '../plan-view.ts'
import {servingSpec} from '../wish.ts'
import {type Batch, type BatchEntry, readBatch} from './read-batch.ts'

const PLANS_AT_ONCE = 8
const DEPLOYS_AT_ONCE = 4

interface Planned {
  readonly spec: ServingSpec
  readonly plan: ServingPlan
}

/**
 * Deploys every model of a file. All of them are planned before the first is touched, and all that is wrong is told at once, with
 * line and column. Then four at a time; PARTIAL tells what was done and what was not.
 */
export async function deployBatch(
  command: BaseCommand,
  {file, resume}: {readonly file: string; readonly resume: boolean},
  options: DeployModelOptions,
): Promise<View | undefined> {
  const {signal} = command
  const session = await command.session()
  const batch = await readBatch(file, signal)
  const serving = await openServing(session)
  const planned = await planAll(serving, batch, {preferences: session.config.preferences, signal})
  const left = resume ? await notUpYet(command, planned) : planned
  if (options.dryRun) return plansView(left)
  if (left.length === 0) return plansView(left)
  command.notice(plainLines([...left.flatMap(({spec, plan}) => servingPlanLines(spec.name, plan)), totalOf(left)]))
  if (needsConsent(left) && !(await command.confirm(`deploy ${left.length} services?`, options))) {
    command.notice('nothing was changed')
    return undefined
  }
  const progress = await command.progress()
  const services = await actOnEach(
    new Map(left.map((one) => [one.spec.name, one])),
    ({spec}): Promise<Service> =>
      progress.step(`deploy ${spec.name}`, (step) =>
        serving.deploy(spec, {...waiting(options), signal, onProgress: (note) => step.note(note)}),
      ),
    DEPLOYS_AT_ONCE,
  ).catch((error: unknown) => {
    throw withResume(error, file)
  })
  return actView(services, options.wait ? 'serves its model' : 'was accepted')
}

const needsConsent = (planned: readonly Planned[]): boolean =>
  planned.some(({plan}) => plan.action === 'update' || plan.obstacles.length > 0)

/** Plans of all, or all of what keeps them from being made. */
async function planAll(
  serving: ServingFacet,
  batch: Batch,
  {preferences, signal}: {readonly preferences: Parameters<typeof servingSpec>[1]; readonly signal: AbortSignal},
): Promise<Planned[]> {
  const problems: FoundProblem[] = []
  const plans = await mapLimit(
    batch.entries,
    PLANS_AT_ONCE,
    async (entry: BatchEntry): Promise<Planned | undefined> => {
      try {
        const spec = servingSpec(entry.wish, preferences)
        return {spec, plan: await serving.plan(spec, {signal})}
      } catch (error) {
        // What is wrong with the cluster is not told once for each model.
        if (isAbort(error) || !isOmniError(error) || GENERAL.includes(error.code)) throw error
        problems.push({...batch.problem(entry, messageOf(error)), hint: error.hint, code: error.code})
        return undefined
      }
    },
  )
  if (problems.length > 0) throw (await import('@omni-cli/sdk/engine')).problemsError(problems)
  return plans.filter((plan) => plan !== undefined)
}

const GENERAL: readonly string[] = ['UNAVAILABLE', 'UNAUTHORIZED', 'FORBIDDEN', 'TIMEOUT', 'IO']

/** Those that do not run as the file wants them. */
async function notUpYet(command: BaseCommand, planned: readonly Planned[]): Promise<readonly Planned[]> {
  const engine = await (await command.session()).open('service')
  const services = await engine.list({signal: command.signal})
  const up = new Set(services.filter(({status}) => status === 'running').map(({name}) => name))
  return planned.filter(({spec, plan}) => plan.action !== 'keep' || !up.has(spec.name))
}

function totalOf(planned: readonly Planned[]): string {
  const gpus = planned.reduce((total, {plan}) => total + plan.gpus, 0)
  const prices = planned.map(({plan}) => (plan.gpus === 0 ? 0 : plan.perHour))
  const isPriced = prices.every((price) => price !== undefined)
  const price = prices.reduce<number>((total, one) => total + (one ?? 0), 0)
  const cost = isPriced && price > 0 ? `, $${price.toFixed(2)}/h` : ''
  return `${planned.length} ${planned.length === 1 ? 'service' : 'services'}${gpus === 0 ? '' : `, ${gpus} GPUs`}${cost}`
}

const withResume = (error: unknown, file: string): unknown =>
  isOmniError(error) && error.code === 'PARTIAL'
    ? new OmniError('PARTIAL', error.message, {
        details: error.details,
        cause: error,
        hint: `omni deploy --batch ${file} --resume`,
      })
    : error

const plansView = (planned: readonly Planned[]): View =>
  listView({
    rows: planned,
    ref: ({spec}) => `service/${spec.name}`,
    data: ({spec, plan}) => ({name: spec.name, model: spec.model, ...plan}),
    empty: 'everything runs already',
    columns: [
      {header: 'ACTION', value: ({plan}) => plan.action},
      {header: 'NAME', value: ({spec}) => spec.name},
      {header: 'MODEL', value: ({spec}) => spec.model},
      {header: 'RUNTIME', value: ({plan}) => plan.runtime},
      {
        header: 'REPLICAS',
        value: ({spec}) =>
          spec.minReplicas === spec.maxReplicas ? spec.minReplicas : `${spec.minReplicas}-${spec.maxReplicas}`,
      },
      {header: 'GPUS', value: ({plan}) => plan.gpus, align: 'right'},
      {header: '$/H', value: ({plan}) => plan.perHour?.toFixed(2), align: 'right'},
      {header: 'IN THE WAY', value: ({plan}) => plan.obstacles.join('; ')},
    ],
  })
