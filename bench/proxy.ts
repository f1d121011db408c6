/**
 * Requests per CPU-second of our edge proxy beside Debian's Caddy, in one run: `node bench/proxy.ts [--rounds 5] [--seconds 2] [--json]`.
 * One backend, `wrk -t1 -c32`, keep-alive on both sides, answers of 100 bytes; rounds interleaved, medians compared.
 */
import {mkdtempSync, rmSync} from 'node:fs'
import {cpus, tmpdir} from 'node:os'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {type Program, startBackend, startCaddy, startEdge, stop} from './proxy/programs.ts'
import {type Round, runRound} from './proxy/round.ts'

/** The bar of the project. */
const WANTED_RATIO = 1.8

const {values: flags} = parseArgs({
  options: {
    rounds: {type: 'string', default: '5'},
    seconds: {type: 'string', default: '2'},
    json: {type: 'boolean', default: false},
  },
})

const folder = mkdtempSync(join(tmpdir(), 'omni-bench-'))
const programs: Program[] = []
try {
  const backend = await startBackend()
  programs.push(backend)
  programs.push(await startCaddy(folder, backend.port))
  programs.push(await startEdge(folder, backend.port))
  report(await measure())
} finally {
  await Promise.all(programs.map(stop))
  rmSync(folder, {recursive: true, force: true})
}

async function measure(): Promise<Map<string, Round[]>> {
  const rounds = new Map<string, Round[]>(programs.map(({name}) => [name, []]))
  // The first second of each is warm-up: compilers and connection pools.
  for (const program of programs) await runRound(program, 1)
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const program of programs) rounds.get(program.name)?.push(await runRound(program, Number(flags.seconds)))
  }
  return rounds
}

function report(rounds: Map<string, Round[]>): void {
  const rows = [...rounds].map(([name, list]) => ({
    name,
    requestsPerCpuSecond: Math.round(median(list.map((round) => round.requestsPerCpuSecond))),
    requestsPerSecond: Math.round(median(list.map((round) => round.requestsPerSecond))),
    p50Ms: median(list.map((round) => round.p50Ms)),
    p99Ms: median(list.map((round) => round.p99Ms)),
    errors: list.reduce((sum, round) => sum + round.errors, 0),
  }))
  const of = (name: string): number => rows.find((row) => row.name === name)?.requestsPerCpuSecond ?? Number.NaN
  const ratio = Number((of('omni') / of('caddy')).toFixed(2))
  const machine = `${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}`
  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify({machine, rows, ratio, wanted: WANTED_RATIO, met: ratio >= WANTED_RATIO})}\n`,
    )
    return
  }
  process.stdout.write(`${machine}\n\n${'what'.padEnd(8)}  req/CPU-s    req/s   p50 ms   p99 ms  errors\n`)
  for (const row of rows) {
    const numbers = [
      row.requestsPerCpuSecond,
      row.requestsPerSecond,
      row.p50Ms.toFixed(2),
      row.p99Ms.toFixed(2),
      row.errors,
    ]
    process.stdout.write(`${row.name.padEnd(8)}  ${numbers.map((number) => String(number).padStart(8)).join(' ')}\n`)
  }
  process.stdout.write(`\nomni / caddy: ${ratio} (wanted ${WANTED_RATIO})\n`)
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
