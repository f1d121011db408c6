import {poll} from '@omni-cli/sdk'
import type {ControlContext} from './context.ts'
import {findCycle} from './deploy/plan.ts'
import {isServing} from './fleet.ts'
import type {ServiceRow} from './store/services.ts'

const LOOK_MS = 50

/**
 * Resolves when what the service depends on serves. Also when that cannot be hoped for: it is not wanted, it keeps
 * failing, or its time to become ready is over. Rejects with ABORTED when the server ends.
 */
export async function dependenciesStarted(context: ControlContext, {spec}: ServiceRow): Promise<void> {
  const specs = new Map(context.store.services.list().map((row) => [row.name, row.spec]))
  // Those that depend on it in turn would wait for it.
  const isCircular = (name: string) => findCycle(name, specs)?.includes(spec.name) === true
  const rows = spec.depends_on
    .filter((name) => !isCircular(name))
    .map((name) => context.store.services.get(name))
    .filter((row) => row !== undefined)
  const isSettled = () => rows.every((row) => isHopeless(context, row) || context.fleet.of(row.name).some(isServing))
  if (isSettled()) return
  const timeoutMs = Math.max(...rows.map((row) => row.spec.deploy?.ready_timeout_secs ?? 60)) * 1000
  await poll({everyMs: LOOK_MS, timeoutMs, signal: context.closing}, isSettled).catch(() => undefined)
  context.closing.throwIfAborted()
}

/** No replica of it will serve soon. */
function isHopeless({fleet, store}: ControlContext, {name}: ServiceRow): boolean {
  const row = store.services.get(name)
  if (row?.release === undefined || row.state === 'stopped' || row.desired === 0) return true
  const replicas = fleet.of(name)
  return replicas.length > 0 && replicas.every(({failure, isEnded}) => isEnded || failure !== undefined)
}
