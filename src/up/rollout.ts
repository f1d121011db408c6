import {type CallOptions, formatBytes, mapLimit, OmniError, poll, type Service, type ServiceEngine} from '@omni-cli/sdk'
import type {Progress, Session} from '@omni-cli/sdk/cli'
import {
  applyPlan,
  buildPlan,
  hasChanges,
  type Manifest,
  observe,
  type Plan,
  resultData,
  traitsOf,
  type Wanted,
} from '@omni-cli/sdk/engine'
import {declaredServices} from '../apply/declared.ts'
import {locked, showEvents} from '../apply/run.ts'
import {type PackedManifest, packSources} from '../apply/sources.ts'
import {type ProbeResult, probeService} from '../apps/probe.ts'
import {deployFailure} from './deploy-failure.ts'
import {refuseSources} from './refuse-sources.ts'

/** How long an endpoint may take to answer once its replicas are ready. */
const ANSWER_TIMEOUT_MS = 5_000

export interface RolloutOptions {
  readonly session: Session
  readonly progress: () => Promise<Progress>
  readonly signal: AbortSignal
  readonly notice: (text: string) => void
  /** For whoever meets the lock: `omni up`. */
  readonly command: string
  /** Files of ours that a release needs: archive path → content. */
  readonly extraFiles?: Readonly<Record<string, Buffer>> | undefined
  /** Asks before changes are made; false leaves everything as it is. Default: no question. */
  readonly confirm?: ((plan: Plan) => Promise<boolean>) | undefined
  readonly dryRun: boolean
}

export interface ServiceAnswer {
  readonly service: string
  readonly endpoints: readonly ProbeResult[]
}

/** What a rollout did and what was seen afterwards. */
export interface Rollout {
  readonly plan: Plan
  /** Undefined when nothing was to be done, and with `dryRun`. */
  readonly result: ReturnType<typeof resultData> | undefined
  readonly services: readonly Service[]
  readonly answers: readonly ServiceAnswer[]
  readonly isDeclined: boolean
}

/**
 * Packs, plans, asks, sends, starts and probes. Resolves when the engine saw every service ready; DEPLOY_FAILED with
 * the reason otherwise. An abort leaves no archive behind, and every service on the version that served before.
 */
export async function rollOut(manifest: Manifest, options: RolloutOptions): Promise<Rollout> {
  const {session, signal} = options
  const engine = await session.open('service')
  refuseMachines(manifest)
  refuseSources(manifest, engine)
  const progress = await options.progress()
  await using packed = await pack(manifest, progress, options)
  const makePlan = async (): Promise<Plan> => {
    const drivers = {service: engine}
    const plan = buildPlan(packed.manifest, await observe(drivers, {signal}), {traits: traitsOf(drivers)})
    for (const note of plan.notes) options.notice(note)
    return plan
  }
  const unseen = {result: undefined, services: [], answers: [], isDeclined: false}
  if (options.dryRun) return {...unseen, plan: await makePlan()}
  const {plan, result, isDeclined} = await locked(session, options.command, async () => {
    await engine.wake?.({signal})
    const plan = await makePlan()
    if (!hasChanges(plan)) return {plan, result: undefined, isDeclined: false}
    if (options.confirm !== undefined && !(await options.confirm(plan))) {
      return {plan, result: undefined, isDeclined: true}
    }
    await engine.beforeDeploy?.(declaredServices(manifest), {signal})
    return {plan, result: await deploy(plan, packed, engine, options), isDeclined: false}
  })
  if (isDeclined) return {...unseen, plan, isDeclined}
  const names = manifest.resources.map(({name}) => name)
  return {plan, result, isDeclined, ...(await look(engine, names, {signal}))}
}

async function pack(manifest: Manifest, progress: Progress, options: RolloutOptions): Promise<PackedManifest> {
  return progress.step('package', async (step) => {
    const notes: string[] = []
    const secrets = new Set<string>()
    const packed = await packSources(manifest, {
      home: options.session.home,
      signal: options.signal,
      extraFiles: options.extraFiles,
      onProgress: (note) => step.note(note),
      onPacked: (name, {files, sizeBytes, leftOut}) => {
        notes.push(`${name}: ${files} ${files === 1 ? 'file' : 'files'}, ${formatBytes(sizeBytes)}`)
        for (const {path, why} of leftOut) if (why === 'secret') secrets.add(path)
      },
    })
    if (notes.length === 0) step.skip('no sources to pack')
    else step.done(notes.join('; '))
    if (secrets.size > 0) options.notice(`left out, as secrets are never packed: ${[...secrets].join(', ')}`)
    return packed
  })
}

async function deploy(plan: Plan, packed: PackedManifest, engine: ServiceEngine, options: RolloutOptions) {
  const onEvent = showEvents(await options.progress())
  const prepare = (wanted: Wanted, call: CallOptions) => packed.upload(engine, wanted, call)
  const result = await applyPlan(plan, {service: engine}, {signal: options.signal, onEvent, prepare})
  const failure = deployFailure(result, result.failed.length === 0 ? [] : await engine.list())
  if (failure !== undefined) throw failure
  return resultData(result)
}

/** The services as they are now, and what their endpoints answer. */
async function look(engine: ServiceEngine, names: readonly string[], options: CallOptions) {
  const all = await engine.list(options)
  const services = names.flatMap((name) => all.find((service) => service.name === name) ?? [])
  const answers = await mapLimit(services, 8, async (service) => ({
    service: service.name,
    endpoints: service.desiredReplicas === 0 ? [] : await answerOf(engine, service, options),
  }))
  return {services, answers}
}

/** Asks until every program has answered, as the proxy may be a moment behind; then tells what it last saw. */
async function answerOf(engine: ServiceEngine, service: Service, {signal}: CallOptions) {
  let last: readonly ProbeResult[] = []
  const isAnswered = async () => {
    last = (await engine.probe?.(service.name, {signal})) ?? (await probeService(service, {signal}))
    return last.every(({error, status}) => error === undefined && status !== 502 && status !== 503)
  }
  await poll({everyMs: 100, timeoutMs: ANSWER_TIMEOUT_MS, signal}, isAnswered).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'TIMEOUT')) throw error
  })
  return last
}

function refuseMachines(manifest: Manifest): void {
  const machine = manifest.resources.find(({kind}) => kind !== 'service')
  if (machine === undefined) return
  throw new OmniError('UNSUPPORTED', `${machine.kind} '${machine.name}' is no service`, {hint: 'omni apply'})
}
