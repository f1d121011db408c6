import {messageOf} from '@omni-cli/sdk'
import {partsOf} from '../runtimes/all-runtimes.ts'
import type {ControlContext} from './context.ts'
import {inOrder} from './deploy/plan.ts'
import {retire} from './replicas.ts'

/** Ends every replica, those of dependants first. What is wanted stays: the next start of the server runs them again. */
export async function stopAll(context: ControlContext): Promise<void> {
  const {store, fleet, runtime, log} = context
  const specs = new Map(store.services.list().map(({name, spec}) => [name, spec]))
  const stopped = new Map<string, Promise<void>>()
  for (const {name} of inOrder(specs).toReversed()) {
    const dependants = [...specs.values()].filter(({depends_on}) => depends_on.includes(name))
    const before = dependants.map((dependant) => stopped.get(dependant.name))
    const stop = async () => {
      await Promise.all(before)
      await retire(context, fleet.of(name)).catch((error: unknown) => {
        log.debug('not stopped', {service: name, problem: messageOf(error)})
      })
    }
    stopped.set(name, stop())
  }
  await Promise.all(stopped.values())
  // What is left of an earlier server belongs to no replica. What an Orca server has made is not ours.
  const parts = partsOf(runtime).map(async (part) => {
    const rest = (await part.runtime.list()).filter(({isForeign}) => isForeign !== true)
    await Promise.allSettled(rest.map(({id}) => part.runtime.remove(id)))
  })
  await Promise.allSettled(parts)
}
