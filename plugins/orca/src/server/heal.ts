import {messageOf} from '@omni-cli/sdk'
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
  const {plan} = replica
  const place = {index: plan.index, inRotation: true}
  if (plan.spec.deploy?.strategy !== 'recreate') {
    const successor = addReplica(context, plan, {...place, failFast: true})
    successor.start()
    try {
      await allReady([successor], context.closing)
      return await retire(context, [replica])
    } catch {
      await retire(context, [successor])
      if (context.closing.aborted) return
    }
  }
  await retire(context, [replica])
  addReplica(context, plan, {...place, failFast: false}).start()
}

/**
 * The runtime lost sight of things: compares what it has with what we think. Replicas whose instance is gone are started
 * again; instances that belong to no replica are removed.
 */
export async function resync(context: ControlContext): Promise<void> {
  const {fleet, runtime} = context
  const instances = await runtime.list()
  const byId = new Map(instances.map((instance) => [instance.id, instance]))
  for (const replica of fleet.all()) {
    const {instance} = replica
    if (instance === undefined) continue
    const found = byId.get(instance.id)
    if (found === undefined) replica.exited({...instance, state: 'exited', exit: {at: new Date().toISOString()}})
    else if (found.state === 'exited') replica.exited(found)
  }
  const strangers = instances.filter(
    ({id, service}) =>
      fleet.byInstance(id) === undefined &&
      !fleet.of(service).some(({isLaunching, status}) => isLaunching || status === 'stopping'),
  )
  await Promise.all(strangers.map(({id}) => runtime.remove(id)))
}
