import type {ServiceSpec} from '@omni-cli/sdk'
import type {ControlContext} from '../context.ts'
import {prepareVersion, type ServiceDeploy, withRelease} from '../deploy/release.ts'
import {retireOrLater, startWave, switchTraffic} from '../deploy/roll.ts'
import type {Replica} from '../replica.ts'
import {bringCanaryTo, indexesOf} from '../replica-count.ts'
import {addReplica, freeIndexes, type Version, waves} from '../replicas.ts'
import type {CanaryRow} from '../store/services.ts'
import {tellEnd, writeEnd} from './end.ts'
import {bySide, canaryCount} from './share.ts'

type CanaryDeploy = ServiceDeploy & {
  /** Replicas of the service once the canary is promoted. */
  readonly desired: number
}

/**
 * Starts a new version beside the one that serves, and gives it its share of the requests when it is ready. A canary that
 * runs already serves until then. DEPLOY_FAILED: everything is as before.
 */
export const beginCanary = (context: ControlContext, spec: ServiceSpec, options: CanaryDeploy): Promise<void> =>
  withRelease(context, spec, options, async (release) => {
    const version = await prepareVersion(context, {release, spec}, options)
    const earlier = bySide(context.fleet.of(spec.name), context.store.services.get(spec.name)?.canary).canary
    const fresh: Replica[] = []
    try {
      await startBeside(context, version, fresh, options)
      await open(context, {version, fresh, earlier, options})
    } catch (error) {
      await retireOrLater(context, fresh)
      throw error
    }
    await retireOrLater(context, earlier)
    options.note('ready')
    return `'${spec.name}' ${release} is a canary with ${weightOf(spec)} % of the requests`
  })

async function startBeside(
  context: ControlContext,
  version: Version,
  fresh: Replica[],
  request: Pick<CanaryDeploy, 'note' | 'signal'>,
): Promise<void> {
  const {name} = version.spec
  const stable = context.store.services.get(name)?.desired ?? 1
  const count = canaryCount(stable, weightOf(version.spec))
  for (const wave of waves(freeIndexes(indexesOf(context.fleet.of(name)), count), context.width)) {
    const started = wave.map((index) => addReplica(context, version, {index, failFast: true, inRotation: false}))
    fresh.push(...started)
    await startWave(started, request)
  }
}

interface Opening {
  readonly version: Version
  readonly fresh: readonly Replica[]
  /** Replicas of a canary that this one takes the place of. */
  readonly earlier: readonly Replica[]
  readonly options: CanaryDeploy
}

/** Written first, so that what the table says holds after a crash; taken back when the proxy does not take the table. */
async function open(context: ControlContext, {version, fresh, earlier, options}: Opening): Promise<void> {
  const {store, edgeSync} = context
  const {release, spec} = version
  const {name} = spec
  const canary: CanaryRow = {
    release,
    ...settingsOf(spec),
    desired: options.desired,
    startedAt: new Date().toISOString(),
    baseline: await countersOf(context, name),
  }
  const before = store.services.get(name)?.canary
  const reason = `${release} took its place`
  store.durably(() => {
    if (before !== undefined) writeEnd(context, name, before, reason)
    store.releases.setStatus(name, release, 'canary')
    store.services.update(name, {canary})
  })
  try {
    await switchTraffic(context, {fresh, leaving: earlier})
  } catch (error) {
    for (const replica of fresh) replica.inRotation = false
    for (const replica of earlier) replica.inRotation = !replica.isEnded
    store.durably(() => {
      if (before !== undefined) store.releases.setStatus(name, before.release, 'canary')
      store.services.update(name, {canary: before})
    })
    edgeSync.publishSoon()
    throw error
  }
  if (before !== undefined) tellEnd(context, name, before, {reason, actor: options.actor})
}

/** The same version with another weight, other pins, or measured by itself from now on. */
export async function adjustCanary(context: ControlContext, spec: ServiceSpec, options: CanaryDeploy): Promise<void> {
  const {store, edgeSync, events} = context
  const {name} = spec
  const row = store.services.get(name)
  if (row?.canary === undefined) return
  const settings = settingsOf(spec)
  const {weight, auto} = settings
  await bringCanaryTo(context, row, {weight, signal: options.signal})
  const canary = {...row.canary, ...settings, desired: options.desired}
  if (JSON.stringify(canary) === JSON.stringify(row.canary)) return
  store.durably(() => store.services.update(name, {canary}))
  await edgeSync.publish()
  const message = `the canary ${canary.release} of '${name}' gets ${weight} % of the requests`
  events.add({service: name, type: 'canary.changed', message, details: {weight, auto}, actor: options.actor})
}

const weightOf = (spec: ServiceSpec): number => spec.deploy?.canary_weight ?? 20

const settingsOf = (spec: ServiceSpec): Pick<CanaryRow, 'spec' | 'weight' | 'auto'> => ({
  spec,
  weight: weightOf(spec),
  auto: spec.deploy?.canary?.auto ?? false,
})

/** What the proxy has counted so far; without it everything it has counted is taken for the canary's time. */
async function countersOf({edge}: ControlContext, service: string): Promise<CanaryRow['baseline']> {
  const [stats, health] = await Promise.all([edge.stats().catch(() => undefined), edge.health().catch(() => undefined)])
  if (stats === undefined) return undefined
  return {edgePid: health?.pid, stats: stats.filter((entry) => entry.service === service)}
}
