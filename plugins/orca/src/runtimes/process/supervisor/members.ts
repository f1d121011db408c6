import {cgroupMembers} from '../cgroup.ts'
import {isRunning, listProcesses, readProcess} from '../process-table.ts'
import type {InstanceRecord} from './record.ts'

/** Process ids of everything that the instance started and that still runs. */
export function membersOf(record: InstanceRecord): number[] {
  if (record.isSwept || record.pid === undefined) return []
  const {pid, startTime} = record
  const inCgroup = record.cgroup === undefined ? [] : cgroupMembers(record.cgroup)
  if (inCgroup.length === 0 && record.cgroup !== undefined && !hasGroup(pid)) return []
  // The number cannot be given again while its group lives: another process with it means that the group is gone.
  const leader = readProcess(pid)
  if (leader !== undefined && leader.startTime !== startTime) return inCgroup
  const inSession = listProcesses().filter((row) => !row.isDead && (row.session === pid || row.group === pid))
  return [...new Set([...inCgroup, ...inSession.map((row) => row.pid)])]
}

/** True while the process that was started runs; cheaper than `membersOf`. */
export const isLeaderRunning = (record: InstanceRecord): boolean =>
  !record.isSwept &&
  record.pid !== undefined &&
  record.startTime !== undefined &&
  isRunning(record.pid, record.startTime)

/** Sends the signal to all of them; one that has just ended is no error. */
export function signalMembers(record: InstanceRecord, signal: NodeJS.Signals): void {
  for (const pid of membersOf(record)) sendSignal(pid, signal)
}

function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}

const hasGroup = (pid: number): boolean => sendSignal(-pid, 0)
