import {messageOf, retry, sleep} from '@omni-cli/sdk'
import type {RuntimeInstance} from '../runtimes/runtime.ts'
import type {ControlContext} from './context.ts'
import type {Fleet} from './fleet.ts'
import type {Replica} from './replica.ts'
import {addReplica, allReady, retire} from './replicas.ts'

/** A replica fails its liveness probe: a successor takes its place, before it goes if that is possible. */
export function healUnhealthy(context: ControlContext, replica: Replica): void {
  const {service} = replica.plan
  const replace = async () => {
    // A deploy or stop that had the lock before may have settled it.
    if (!replica.isUnhealthy || replica.isEnded || !context.fleet.of(service).includes(replica)) return
    await replaceReplica(context, replica)
  }
  context.locks.run(service, replace, {signal: context.closing}).catch((error: unknown) => {
    context.log.debug('an unhealthy replica could not be replaced', {service, problem: messageOf(error)})
  })
}

async function replaceReplica(context: ControlContext, replica: Replica): Promise<void> {
  const {plan, history} = replica
  history.countRestart()
  const hasSuccessor = plan.spec.deploy?.strategy !== 'recreate' && (await startSuccessor(context, replica))
  if (context.closing.aborted) return
  await retire(context, [replica])
  if (!hasSuccessor) addReplica(context, plan, {index: plan.index, inRotation: true, failFast: false, history}).start()
}

/** Whether one became ready; if not, nothing of it is left. */
async function startSuccessor(context: ControlContext, {plan, history}: Replica): Promise<boolean> {
  const successor = addReplica(context, plan, {index: plan.index, inRotation: true, failFast: true, history})
  successor.start()
  try {
    await allReady([successor], context.closing)
    return true
  } catch {
    await retire(context, [successor])
    return false
  }
}

/** `resync`, tried again while the runtime does not answer. */
export function resyncSoon(context: ControlContext): void {
  const {closing, log} = context
  const again = {attempts: 8, baseMs: 100, maxMs: 5000, signal: closing, when: () => true}
  retry(again, () => resync(context)).catch((error: unknown) => log.debug('not resynced', {problem: messageOf(error)}))
}

const RESYNC_PAUSE_MS = 500

/**
 * The runtime lost sight of things: compares what it has with what we think. Replicas whose instance is gone are started
 * again; instances that belong to no replica are removed.
 */
async function resync(context: ControlContext): Promise<void> {
  while (!(await compareOnce(context))) await sleep(RESYNC_PAUSE_MS, context.closing)
}

/** False when a stranger was left alone, because it may be the instance that is being created right now. */
async function compareOnce({fleet, runtime}: ControlContext): Promise<boolean> {
  // What begins to run while the list is on its way is not in it.
  const known = fleet.all().flatMap((replica) => {
    const {instance} = replica
    return instance === undefined ? [] : [{replica, instance}]
  })
  const instances = await runtime.list()
  const byId = new Map(instances.map((instance) => [instance.id, instance]))
  for (const {replica, instance} of known) {
    const found = byId.get(instance.id)
    if (found === undefined) replica.exited({...instance, state: 'exited', exit: {at: new Date().toISOString()}})
    else if (found.state === 'exited') replica.exited(found)
  }
  const strangers = instances.filter(({id}) => fleet.byInstance(id) === undefined)
  const ghosts = strangers.filter((instance) => !mayBeOurs(fleet, instance))
  await Promise.all(ghosts.map(({id}) => runtime.remove(id)))
  return ghosts.length === strangers.length
}

const mayBeOurs = (fleet: Fleet, {service}: RuntimeInstance): boolean =>
  fleet.of(service).some(({isLaunching}) => isLaunching)
