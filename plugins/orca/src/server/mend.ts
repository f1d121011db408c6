import {messageOf, sleep} from '@omni-cli/sdk'
import type {ControlContext} from './context.ts'
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
  if (row?.release === undefined || row.state === 'stopped') return
  const version = versionOf(context, row.release, row.spec)
  const there = fleet.of(service)
  const used = there.map(({plan}) => plan.index)
  for (const index of freeIndexes(used, row.desired - there.length)) {
    addReplica(context, version, {index, failFast: false, inRotation: true}).start()
  }
}
