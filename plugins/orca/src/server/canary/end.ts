import {OmniError} from '@omni-cli/sdk'
import type {ControlContext} from '../context.ts'
import type {Actor} from '../control.ts'
import {failureOf} from '../failure.ts'
import {retire} from '../replicas.ts'
import type {CanaryRow} from '../store/services.ts'
import {bySide, hasCanary, type WithCanary} from './share.ts'

export interface EndOptions {
  /** In words: why. */
  readonly reason: string
  readonly actor?: Actor | undefined
}

/**
 * Ends the canary of a service, if there is one: the stable version gets all requests again, those under way end, the
 * replicas go. Decided first, then done: after a crash in between they go at the next start. Whether there was one.
 */
export async function endCanary(context: ControlContext, name: string, options: EndOptions): Promise<boolean> {
  const canary = context.store.services.get(name)?.canary
  if (canary === undefined) return false
  context.store.durably(() => writeEnd(context, name, canary, options.reason))
  tellEnd(context, name, canary, options)
  await retire(context, bySide(context.fleet.of(name), canary).canary)
  return true
}

/** The part of it that is written; wrapped in `durably` by the caller. */
export function writeEnd({store}: ControlContext, name: string, {release}: CanaryRow, reason: string): void {
  store.releases.setStatus(name, release, 'failed', failureOf('CanaryAborted', {message: reason}))
  store.services.update(name, {canary: undefined})
}

/** The part of it that is told, once it is written. */
export function tellEnd(
  {events, canaries}: ControlContext,
  name: string,
  {release}: CanaryRow,
  {reason, actor}: EndOptions,
): void {
  const message = `the canary ${release} of '${name}' was aborted: ${reason}`
  events.add({service: name, type: 'canary.aborted', message, details: {release, reason}, actor})
  canaries.tell({service: name, release, verdict: 'aborted', reason})
}

/** The service with its canary; NOT_FOUND without the service, CONFLICT without a canary. */
export function canaryRow({store}: ControlContext, name: string, verb: string): WithCanary {
  const row = store.services.get(name)
  if (row === undefined) throw new OmniError('NOT_FOUND', `service '${name}' not found`, {hint: 'omni get services'})
  if (hasCanary(row)) return row
  throw new OmniError('CONFLICT', `no canary instances to ${verb} for '${name}'`, {hint: `omni status ${name}`})
}
