import {setTimeout as delay} from 'node:timers/promises'
import type {Entry} from './entry.ts'
import {isLeaderRunning, membersOf, signalMembers} from './members.ts'

const LOOK_EVERY_MS = 25
/** What SIGKILL does not end in this time hangs in the kernel; waiting longer would not help. */
const GIVE_UP_MS = 10_000

/**
 * SIGTERM to everything of the instance, after the grace SIGKILL. Resolves to false when something hangs in the kernel.
 * A second call only shortens the grace of the first.
 */
export function terminate(entry: Entry, graceMs: number): Promise<boolean> {
  entry.killAt = Math.min(entry.killAt, performance.now() + graceMs)
  entry.termination ??= endAll(entry).then((isEnded) => {
    // What hangs may be asked again.
    if (!isEnded) entry.termination = undefined
    return isEnded
  })
  return entry.termination
}

async function endAll(entry: Entry): Promise<boolean> {
  if (performance.now() < entry.killAt) signalMembers(entry.record, 'SIGTERM')
  while (isAnythingLeft(entry)) {
    if (performance.now() >= entry.killAt + GIVE_UP_MS) return false
    if (performance.now() >= entry.killAt) signalMembers(entry.record, 'SIGKILL')
    const isLeaderGone = entry.record.exit !== undefined
    await (isLeaderGone ? delay(LOOK_EVERY_MS) : Promise.race([entry.exited, delay(LOOK_EVERY_MS)]))
  }
  return true
}

/** While the leader lives there is no need to look for the others. */
const isAnythingLeft = ({record}: Entry): boolean =>
  (record.exit === undefined && isLeaderRunning(record)) || membersOf(record).length > 0
