import {requireFacet} from '@omni-cli/sdk'
import type {Progress, Session} from '@omni-cli/sdk/cli'
import {actOnEach} from '../../apps/act.ts'
import type {ChosenSnapshots} from './chosen.ts'
import {removeGroup} from './manifest.ts'

const AT_ONCE = 8

/** Removes the snapshots, and the group when all of it is gone. Resolves with the names of the machines. */
export async function removeSnapshots(
  session: Session,
  {snapshot, machines, group}: ChosenSnapshots,
  {progress, signal}: {readonly progress: Progress; readonly signal: AbortSignal},
): Promise<string[]> {
  const removed = await actOnEach(
    new Map(machines.map((machine) => [machine.name, machine])),
    ({name, driver}) =>
      progress.step(`remove ${snapshot} of ${name}`, async () => {
        await requireFacet(driver, 'snapshots').remove(name, snapshot, {signal})
        return name
      }),
    AT_ONCE,
  )
  if (group !== undefined) await removeGroup(session, group.name)
  return removed
}
