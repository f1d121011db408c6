import {messageOf} from '@omni-cli/sdk'
import type {ControlContext} from '../context.ts'
import {versionOf} from '../replicas.ts'
import type {ServiceRow} from '../store/services.ts'
import {runUnderWay, startRun} from './run.ts'
import {isScheduled, nextRunOf} from './triggers.ts'

interface Planned {
  readonly triggers: string
  readonly at: number
}

/** A run that could not be started for this long, because the machine slept, is left out. */
const LATE_MS = 60_000

/**
 * Starts what cron triggers ask for until the returned function is called. What was missed while no server ran is not made
 * up for. Looks once in a second, right after it has begun.
 */
export function startScheduler(context: ControlContext): () => void {
  const planned = new Map<string, Planned>()
  let timer: NodeJS.Timeout
  const plan = () => {
    timer = setTimeout(look, 1001 - (Date.now() % 1000)).unref()
  }
  const look = () => {
    const now = Date.now()
    const scheduled = context.store.services.list().filter(isRun)
    for (const name of planned.keys()) if (!scheduled.some((row) => row.name === name)) planned.delete(name)
    for (const {name, spec} of scheduled) {
      const triggers = spec.triggers.join('\n')
      const before = planned.get(name)
      const isDue = before?.triggers === triggers && before.at <= now
      if (isDue) fire(context, name, now - before.at > LATE_MS)
      if (!isDue && before?.triggers === triggers) continue
      const next = nextRunOf(spec, new Date(now))
      if (next !== undefined) planned.set(name, {triggers, at: next.getTime()})
    }
    plan()
  }
  look()
  return () => clearTimeout(timer)
}

const isRun = ({spec, state, release}: ServiceRow): boolean =>
  state === 'running' && release !== undefined && isScheduled(spec)

function fire(context: ControlContext, service: string, isLate: boolean): void {
  const {locks, store, closing, log, events} = context
  const skip = (why: string) =>
    events.add({service, type: 'cron.skipped', message: `a run of '${service}' was left out: ${why}`})
  if (isLate) {
    skip('its time was over when this machine came to it')
    return
  }
  const start = async () => {
    const row = store.services.get(service)
    if (row?.release === undefined || !isRun(row)) return
    if (runUnderWay(context, service) === undefined) startRun(context, versionOf(context, row.release, row.spec))
    else skip('the one before has not ended')
  }
  locks.run(service, start, {signal: closing}).catch((error: unknown) => {
    log.debug('a scheduled run was not started', {service, problem: messageOf(error)})
  })
}
