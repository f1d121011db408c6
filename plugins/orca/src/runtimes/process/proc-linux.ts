import {readdirSync} from 'node:fs'
import {readIfThere} from './kernel-file.ts'
import type {ProcessRow} from './process-table.ts'

/** The kernel's USER_HZ, a constant of its interface on every architecture that Node runs on. */
const TICK_MS = 10

export function listLinuxProcesses(): ProcessRow[] {
  const page = pageBytes()
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readRow(Number(name), page))
    .filter((row) => row !== undefined)
}

/** From `/proc/PID/stat`; undefined when there is no such process. */
export const readLinuxProcess = (pid: number): ProcessRow | undefined => readRow(pid, pageBytes())

function readRow(pid: number, page: number): ProcessRow | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`)
  return stat === undefined ? undefined : parseStat(pid, stat, page)
}

/** The program name is in parentheses and may contain anything, also `)`: fields are counted from the last one. */
export function parseStat(pid: number, stat: string, page: number): ProcessRow | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // Field n of proc(5) is at n - 3.
  const at = (number: number) => Number(fields[number - 3] ?? 0)
  const state = fields[0]
  if (state === undefined || fields.length < 22) return undefined
  return {
    pid,
    group: at(5),
    session: at(6),
    isDead: state === 'Z' || state === 'X',
    startTime: fields[19] ?? '',
    cpuMs: (at(14) + at(15)) * TICK_MS,
    memoryBytes: at(24) * page,
  }
}

/** Changes with each boot of the machine: process ids and start times are worth nothing after that. */
export const linuxBootId = (): string => readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? ''

/** Session leaders that were started with the variable; only those we may look at. */
export const linuxLeaderWith = (variable: string): ProcessRow | undefined =>
  listLinuxProcesses().find(
    (row) => row.session === row.pid && !row.isDead && environmentOf(row.pid)?.includes(variable) === true,
  )

/** `NAME=value` texts that the process was started with; a process may overwrite them. Undefined when out of reach. */
export const environmentOf = (pid: number): string[] | undefined =>
  readIfThere(`/proc/${pid}/environ`)
    ?.split('\0')
    .filter((entry) => entry !== '')

/** The page size in bytes is nowhere to be read; the same figure in pages and in bytes gives it away. */
function pageBytes(): number {
  const pages = Number(readIfThere('/proc/self/statm')?.split(' ')[1] ?? 0)
  if (pages === 0) return 4096
  return 2 ** Math.round(Math.log2(process.memoryUsage.rss() / pages))
}
