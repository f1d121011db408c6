import {linuxBootId, linuxLeaderWith, listLinuxProcesses, readLinuxProcess} from './proc-linux.ts'
import {listPsProcesses, readPsProcess} from './proc-ps.ts'

/** What the system knows about one process. */
export interface ProcessRow {
  readonly pid: number
  readonly group: number
  readonly session: number
  /** Ended, but its parent has not asked for its exit status. */
  readonly isDead: boolean
  /** Together with the pid it names a process for ever (within one boot). */
  readonly startTime: string
  readonly cpuMs: number
  readonly memoryBytes: number
}

const isLinux = process.platform === 'linux'

export const listProcesses = (): ProcessRow[] => (isLinux ? listLinuxProcesses() : listPsProcesses())

export const readProcess = (pid: number): ProcessRow | undefined =>
  isLinux ? readLinuxProcess(pid) : readPsProcess(pid)

/** Empty where the system tells none. */
export const bootId = (): string => (isLinux ? linuxBootId() : '')

/** A process that we started but could not note: the leader of a session with this `NAME=value` in its environment. */
export const findLeaderWith = (variable: string): ProcessRow | undefined =>
  isLinux ? linuxLeaderWith(variable) : undefined

/** True when the very process (not a later one with the same number) still runs. */
export function isRunning(pid: number, startTime: string): boolean {
  const row = readProcess(pid)
  return row !== undefined && !row.isDead && row.startTime === startTime
}
