import {spawn} from 'node:child_process'
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {cpus, tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'

export const OMNI_BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

/** A home of its own for one benchmark; everything in it ends with `dispose`. */
export interface BenchHome {
  readonly folder: string
  readonly omniHome: string
  /** Runs the built CLI; rejects with its stderr when it does not exit with 0. */
  omni(...args: string[]): Promise<string>
  write(path: string, content: string): void
  dispose(): Promise<void>
}

/** @param extra variables for the CLI and what it starts */
export function createBenchHome(extra: Readonly<Record<string, string>> = {}): BenchHome {
  const folder = mkdtempSync(join(tmpdir(), 'omni-bench-'))
  const omniHome = join(folder, '.ome')
  const env = {PATH: process.env.PATH, HOME: folder, OMNI_HOME: omniHome, NO_COLOR: '1', ...extra}
  const omni = (...args: string[]) => runProgram([process.execPath, OMNI_BIN, ...args], env)
  return {
    folder,
    omniHome,
    omni,
    write(path, content) {
      mkdirSync(dirname(join(folder, path)), {recursive: true})
      writeFileSync(join(folder, path), content)
    },
    async dispose() {
      await omni('server', 'stop', '--workloads', 'stop').catch(() => undefined)
      rmSync(folder, {recursive: true, force: true, maxRetries: 5})
    },
  }
}

/** Runs a program to its end and gives its stdout. `onFirstByte` is called when the first of it arrives. */
export function runProgram(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  onFirstByte?: () => void,
): Promise<string> {
  const [file = '', ...args] = argv
  const child = spawn(file, args, {env, stdio: ['ignore', 'pipe', 'pipe']})
  if (onFirstByte !== undefined) child.stdout.once('data', onFirstByte)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve(stdout) : reject(new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)),
    )
  })
}

/** Milliseconds until a program has printed its first byte, and until it has ended. */
export async function firstByteAndEnd(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<[number, number]> {
  const startedAt = performance.now()
  let firstByteMs = Number.NaN
  await runProgram(argv, env, () => {
    firstByteMs = performance.now() - startedAt
  })
  return [firstByteMs, performance.now() - startedAt]
}

/** Time of one run of a program, in milliseconds. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await run()
  return performance.now() - startedAt
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What it must be; absent for peers and remarks. */
  readonly wanted?: string | undefined
  readonly met?: boolean | undefined
}

/** Prints the figures for a person, or with `--json` as one line. */
export function report(title: string, rows: readonly BenchRow[]): void {
  const machine = `${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}`
  if (process.argv.includes('--json')) {
    const met = rows.every((row) => row.met !== false)
    process.stdout.write(`${JSON.stringify({title, machine, rows: rows.map(rounded), met})}\n`)
    return
  }
  process.stdout.write(`${title}\n${machine}\n\n`)
  for (const row of rows.map(rounded)) {
    const verdict = row.wanted === undefined ? '' : `  wanted ${row.wanted}: ${row.met === true ? 'met' : 'NOT met'}`
    process.stdout.write(`${row.name.padEnd(58)} ${String(row.value).padStart(9)} ${row.unit.padEnd(9)}${verdict}\n`)
  }
}

const rounded = (row: BenchRow): BenchRow => ({...row, value: Math.round(row.value * 100) / 100})

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
