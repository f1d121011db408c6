import {messageOf, strategyOf} from '@omni-cli/sdk'
import type {ControlContext} from './context.ts'
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
  replica.countRestart()
  const hasSuccessor = strategyOf(plan.spec) !== 'recreate' && (await startSuccessor(context, replica))
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
