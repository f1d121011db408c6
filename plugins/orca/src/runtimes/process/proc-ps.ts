import {spawnSync} from 'node:child_process'
import type {ProcessRow} from './process-table.ts'

const COLUMNS = 'pid=,pgid=,stat=,rss=,time=,lstart='

/** Through the `ps` program, for systems without `/proc`. */
export const listPsProcesses = (): ProcessRow[] => runPs(['-axo', COLUMNS])

export const readPsProcess = (pid: number): ProcessRow | undefined => runPs(['-o', COLUMNS, '-p', String(pid)])[0]

export const parsePsLine = (line: string): ProcessRow | undefined => {
  const [pid, group, state, rss, time, ...started] = line.trim().split(/\s+/)
  if (pid === undefined || group === undefined || state === undefined || time === undefined) return undefined
  return {
    pid: Number(pid),
    group: Number(group),
    // What `ps` calls a session is an address on macOS; the group has to do.
    session: Number(group),
    isDead: state.startsWith('Z'),
    startTime: started.join(' '),
    cpuMs: cpuMilliseconds(time),
    memoryBytes: Number(rss) * 1024,
  }
}

/** `1-02:03:04`, `02:03:04` or `12:34.56`. */
function cpuMilliseconds(time: string): number {
  const [clock = '', days = '0'] = time.split('-').reverse()
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return Math.round((Number(days) * 86_400 + seconds) * 1000)
}

function runPs(args: readonly string[]): ProcessRow[] {
  const {stdout} = spawnSync('ps', args, {encoding: 'utf8', env: {...process.env, LC_ALL: 'C'}})
  return (stdout ?? '')
    .split('\n')
    .map(parsePsLine)
    .filter((row) => row !== undefined)
}
