import type {RuntimeInstance} from '../../runtimes/runtime.ts'
import type {ControlContext} from '../context.ts'
import {failureOf} from '../failure.ts'
import type {Replica} from '../replica.ts'
import type {RunEnd} from '../replica-host.ts'
import {addReplica, type Version} from '../replicas.ts'

/** What a trigger has started and what has not ended yet. */
export const runUnderWay = ({fleet}: Pick<ControlContext, 'fleet'>, service: string): Replica | undefined =>
  fleet.of(service).find(({isOnce}) => isOnce)

/** Runs the version once, as the replica with index 0. The lock of the service is held. */
export function startRun(context: ControlContext, version: Version): void {
  const service = version.spec.name
  context.events.add({
    service,
    type: 'cron.started',
    message: `'${service}' was started by its schedule`,
    details: {release: version.release},
  })
  addRun(context, version).start()
}

/** Goes on with a run of an earlier server; one that has ended meanwhile is told of. */
export function adoptRun(context: ControlContext, version: Version, instance: RuntimeInstance): void {
  const replica = addRun(context, version)
  replica.adopt(instance, true)
  const end = instance.state === 'exited' ? instance : context.fleet.takeExit(instance.id)
  if (end !== undefined) replica.exited(end)
}

function addRun(context: ControlContext, version: Version): Replica {
  const onEnd = (end: RunEnd) => {
    context.fleet.remove(replica)
    tellEnd(context, version.spec.name, end)
  }
  const replica: Replica = addReplica(context, version, {index: 0, failFast: false, inRotation: false, onEnd})
  return replica
}

function tellEnd({events, fleet}: ControlContext, service: string, {exit, message, tookMs, lastLines}: RunEnd): void {
  const details = {exit, tookMs, lastLines}
  if (exit?.code === 0) {
    fleet.failures.delete(service)
    events.add({service, type: 'cron.succeeded', message: `the run of '${service}' ${message}`, details})
    return
  }
  const reason = exit?.oomKilled === true ? 'OOMKilled' : 'RunFailed'
  fleet.failures.set(service, failureOf(reason, {message: `the run ${message}`, exit, lastLines}))
  events.add({service, type: 'cron.failed', message: `the run of '${service}' ${message}`, details})
}
