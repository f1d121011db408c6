import {backoffMs, isOmniError, messageOf, sleep} from '@omni-cli/sdk'
import {partsOf} from '../runtimes/all-runtimes.ts'
import type {RuntimeInstance, RuntimePart} from '../runtimes/runtime.ts'
import {adoptWaiting} from './adopt.ts'
import type {ControlContext} from './context.ts'
import type {Fleet} from './fleet.ts'

/** Attempts at what a runtime refuses; one that does not answer is asked until it does. */
const ATTEMPTS = 8
const WAITS = {baseMs: 100, maxMs: 5000}

/**
 * Compares what a runtime has with what we think, again and again until that has worked. One comparison at a time for each
 * runtime; a wish that comes during one is another one after it.
 * @returns takes the name of a runtime; without one, all of them
 */
export function createResync(context: ControlContext): (runtime?: string) => void {
  const {closing, log, runtime} = context
  const isWanted = new Map<string, boolean>()
  const run = async (part: RuntimePart): Promise<void> => {
    const {name} = part.runtime
    if (isWanted.has(name)) {
      isWanted.set(name, true)
      return
    }
    do {
      isWanted.set(name, false)
      await compareUntilDone(context, part)
    } while (isWanted.get(name) === true && !closing.aborted)
    isWanted.delete(name)
  }
  return (name) => {
    if (closing.aborted) return
    for (const part of partsOf(runtime)) {
      if (name !== undefined && name !== part.runtime.name && partsOf(runtime).length > 1) continue
      run(part).catch((error: unknown) => {
        isWanted.delete(part.runtime.name)
        log.debug('not resynced', {problem: messageOf(error)})
      })
    }
  }
}

async function compareUntilDone(context: ControlContext, part: RuntimePart): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await resync(context, part)
    } catch (error) {
      const isAway = isOmniError(error) && error.code === 'UNAVAILABLE'
      if (isAway) context.fleet.away.set(part.runtime.name, messageOf(error))
      else if (attempt >= ATTEMPTS) throw error
      await sleep(backoffMs(Math.min(attempt, ATTEMPTS), WAITS), context.closing)
    }
  }
}

const PAUSE_MS = 500

/**
 * The runtime lost sight of things: replicas whose instance is gone are started again; instances that belong to no
 * replica are removed, unless an Orca server made them.
 */
async function resync(context: ControlContext, part: RuntimePart): Promise<void> {
  while (!(await compareOnce(context, part))) await sleep(PAUSE_MS, context.closing)
}

/** False when a stranger was left alone, because it may be the instance that is being created right now. */
async function compareOnce(context: ControlContext, part: RuntimePart): Promise<boolean> {
  const {fleet} = context
  // What begins to run while the list is on its way is not in it.
  const known = fleet.all().flatMap((replica) => {
    const {instance} = replica
    return instance === undefined || !part.owns(instance.id) ? [] : [{replica, instance}]
  })
  const instances = await part.runtime.list()
  fleet.away.delete(part.runtime.name)
  const byId = new Map(instances.map((instance) => [instance.id, instance]))
  for (const {replica, instance} of known) {
    const found = byId.get(instance.id)
    if (found === undefined) replica.exited({...instance, state: 'exited', exit: {at: new Date().toISOString()}})
    else if (found.state === 'exited') replica.exited(found)
    else replica.seen(found)
  }
  for (const replica of fleet.all()) if (part.runs(replica.plan.spec)) replica.runtimeIsBack()
  await adoptWaiting(context, part, instances)
  const strangers = instances.filter(({id, isForeign}) => isForeign !== true && fleet.byInstance(id) === undefined)
  const ghosts = strangers.filter((instance) => !mayBeOurs(fleet, instance))
  await Promise.all(ghosts.map(({id}) => part.runtime.remove(id)))
  return ghosts.length === strangers.length
}

const mayBeOurs = (fleet: Fleet, {service}: RuntimeInstance): boolean =>
  fleet.of(service).some(({isLaunching}) => isLaunching)
