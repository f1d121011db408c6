import {messageOf, sleep} from '@omni-cli/sdk'
import {bySide, wantedSides} from './canary/share.ts'
import type {ControlContext} from './context.ts'
import {indexesOf} from './replica-count.ts'
import {addReplica, freeIndexes, retire, versionOf} from './replicas.ts'

/**
 * Something could not be done to a service: in a moment it is brought to what is wanted, and again until that has worked.
 * What could not be ended is ended, what is missing is started.
 */
export function mendSoon(context: ControlContext, service: string): void {
  const {locks, closing, timing, log} = context
  sleep(timing.mendMs, closing)
    .then(() => locks.run(service, () => mend(context, service), {signal: closing}))
    .catch((error: unknown) => log.debug('not mended', {service, problem: messageOf(error)}))
}

async function mend(context: ControlContext, service: string): Promise<void> {
  const {fleet, store} = context
  // Those that still cannot be ended bring us here again.
  await retire(
    context,
    fleet.of(service).filter(({status}) => status === 'stopping'),
  )
  const row = store.services.get(service)
  if (row === undefined) return
  for (const side of wantedSides(row)) {
    const {stable, canary} = bySide(fleet.of(service), row.canary)
    const there = side.release === row.canary?.release ? canary : stable
    const version = versionOf(context, side.release, side.spec)
    for (const index of freeIndexes(indexesOf(fleet.of(service)), side.desired - there.length)) {
      addReplica(context, version, {index, failFast: false, inRotation: true}).start()
    }
  }
}
