import type {Progress, Session, TextLine, View} from '@omni-cli/sdk/cli'
import type {Manifest} from '@omni-cli/sdk/engine'
import {applyLane, isObjectsOnly} from './objects/apply-lane.ts'
import {planLane} from './objects/lane.ts'
import {warningText} from './plan-view.ts'

export interface ApplyManifestOptions {
  readonly prune: boolean
  readonly dryRun: boolean
  /** Take over machines, profiles and networks that were not made by this plan. */
  readonly adopt?: boolean | undefined
  /** Take over fields of objects that another field manager has set. */
  readonly forceConflicts?: boolean | undefined
  /** Keep a copy of a machine before its disk is given up. Default true. */
  readonly keepsCopies?: boolean | undefined
  /** Operations at once. */
  readonly concurrency?: number | undefined
  readonly signal: AbortSignal
  readonly progress: () => Promise<Progress>
  /** Remarks, e.g. what was not looked at. */
  readonly notice?: ((text: string) => void) | undefined
  /** Asked when something would be removed, rebuilt or replaced; ABORTED or false ends without any change. */
  readonly approve: (plan: readonly TextLine[]) => Promise<boolean>
}

/**
 * Makes what the manifest says: packs sources, plans, and carries the plan out under the lock of the context, Kubernetes objects
 * first. Machines and objects that are as wanted cost one look, without the lock.
 */
export async function applyManifest(
  session: Session,
  manifest: Manifest,
  options: ApplyManifestOptions,
): Promise<View> {
  const lane = await planLane(session, manifest, options)
  for (const warning of lane?.warnings ?? []) options.notice?.(warningText(warning))
  if (lane !== undefined && isObjectsOnly(session, manifest, options)) return applyLane(session, lane, options)
  const {applyAll} = await import('./apply-all.ts')
  return applyAll(session, {manifest, lane}, options)
}
