import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {readFileSync} from 'node:fs'
import type {Program} from './programs.ts'

/** What one run of wrk against one program gave. */
export interface Round {
  readonly requestsPerSecond: number
  /** Requests per second of processor time (user and system) of the program. */
  readonly requestsPerCpuSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly errors: number
}

/** Linux counts processor time in these. */
const TICKS_PER_SECOND = 100

export async function runRound({port, process: child}: Program, seconds: number): Promise<Round> {
  const before = cpuTicks(child.pid)
  const output = await wrk(port, seconds)
  const cpuSeconds = (cpuTicks(child.pid) - before) / TICKS_PER_SECOND
  const requests = Number(/(\d+) requests in/.exec(output)?.[1] ?? 0)
  if (requests === 0) throw new Error(`wrk got no answer:\n${output}`)
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1] ?? 0),
    requestsPerCpuSecond: requests / cpuSeconds,
    p50Ms: milliseconds(/50%\s+([\d.]+)(us|ms|s)/.exec(output)),
    p99Ms: milliseconds(/99%\s+([\d.]+)(us|ms|s)/.exec(output)),
    errors: Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0) + socketErrors(output),
  }
}

/** utime and stime of all threads; the name in brackets may hold spaces. */
function cpuTicks(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

async function wrk(port: number, seconds: number): Promise<string> {
  const child = spawn('wrk', ['-t1', '-c32', `-d${seconds}s`, '--latency', `http://127.0.0.1:${port}/`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`wrk ended with ${code}`)
  return output
}

const UNIT_MS = {us: 0.001, ms: 1, s: 1000}

const milliseconds = (found: RegExpExecArray | null): number =>
  found === null ? Number.NaN : Number(found[1]) * UNIT_MS[found[2] as keyof typeof UNIT_MS]

function socketErrors(output: string): number {
  const found = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)
  return (found ?? []).slice(1).reduce((sum, count) => sum + Number(count), 0)
}
