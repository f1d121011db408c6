import {messageOf, OmniError} from '@omni-cli/sdk'
import type {ControlContext} from '../context.ts'
import {activate} from '../deploy/release.ts'
import {retireOrLater, switchTraffic} from '../deploy/roll.ts'
import {portTaken} from '../ports.ts'
import type {Replica} from '../replica.ts'
import {bringCanaryTo} from '../replica-count.ts'
import {canaryRow, type EndOptions} from './end.ts'
import {bySide} from './share.ts'

/**
 * The canary takes over: first as many of its replicas as the service has, then all requests, then the old ones go.
 * CONFLICT without a canary. DEPLOY_FAILED when its replicas do not become ready: then it is a canary as before.
 */
export async function promoteCanary(
  context: ControlContext,
  name: string,
  {reason, actor}: EndOptions & {readonly actor: NonNullable<EndOptions['actor']>},
): Promise<void> {
  const {fleet, events, canaries, closing} = context
  const row = canaryRow(context, name, 'promote')
  const {release, spec, desired} = row.canary
  await bringCanaryTo(context, row, {desired, signal: closing})
  const {stable, canary} = bySide(fleet.of(name), row.canary)
  await takeAll(context, {name, stable, canary})
  activate(context, {release, spec, desired, actor})
  events.add({
    service: name,
    type: 'canary.promoted',
    message: `the canary ${release} of '${name}' was promoted: ${reason}`,
    details: {release, reason},
    actor,
  })
  canaries.tell({service: name, release, verdict: 'promoted', reason})
  await retireOrLater(context, stable)
}

interface Sides extends ReturnType<typeof bySide<Replica>> {
  readonly name: string
}

/** All requests to the canary; back as they were when the proxy cannot do that. */
async function takeAll(context: ControlContext, {name, stable, canary}: Sides): Promise<void> {
  const {edgeSync} = context
  try {
    await switchTraffic(context, {fresh: canary, leaving: stable})
    const lost = edgeSync.lost(name)
    if (lost !== undefined) throw portTaken(name, lost.port)
  } catch (error) {
    for (const replica of stable) replica.inRotation = !replica.isEnded
    edgeSync.publishSoon()
    throw new OmniError('DEPLOY_FAILED', `'${name}' could not be promoted: ${messageOf(error)}`, {cause: error})
  }
}
