import type {CallOptions} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import type {Manifest, Plan} from '@omni-cli/sdk/engine'
import {isObjectsOnly} from './objects/apply-lane.ts'
import {joinedPlan, planLane} from './objects/lane.ts'
import {ONLY_OWNERS} from './objects/plan-objects.ts'
import {warningText} from './plan-view.ts'

export interface DiffOptions extends CallOptions {
  readonly prune: boolean
  readonly adopt: boolean
  readonly forceConflicts: boolean
  readonly notice: (text: string) => void
}

/** What apply would do. Fields that somebody else has set are shown, not refused. */
export async function diffManifest(session: Session, manifest: Manifest, options: DiffOptions): Promise<Plan> {
  const {prune, adopt, signal} = options
  const lane = await planLane(session, manifest, {...options, toleratesConflicts: true})
  for (const warning of lane?.warnings ?? []) options.notice(warningText(warning))
  if (lane !== undefined && isObjectsOnly(session, manifest, options)) return joinedPlan(lane, undefined)
  const [{packSources}, {preparePlan}] = await Promise.all([import('./sources.ts'), import('./prepare.ts')])
  await using packed = await packSources(manifest, {home: session.home, signal})
  const {plan} = await preparePlan(session, packed.manifest, {prune, adopt, signal})
  return joinedPlan(lane, plan)
}

/** Whether anything is not as wanted. Of an object whose fields only get another owner, all is. */
export const differs = ({operations}: Pick<Plan, 'operations'>): boolean =>
  operations.some(({action, reason}) => action !== 'keep' && reason !== ONLY_OWNERS)
