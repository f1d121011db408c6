/**
 * Runs the benchmarks one after another and writes their figures into README.md: `npm run bench [-- startup proxy]`.
 * What is not run keeps the figures it had.
 */
import {spawn} from 'node:child_process'
import {readdir, readFile, writeFile} from 'node:fs/promises'
import {cpus, totalmem} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import type {BenchRow} from './apps/home.ts'

interface Figures {
  readonly title?: string | undefined
  readonly rows: readonly BenchRow[]
}

const folder = fileURLToPath(new URL('.', import.meta.url))
const readme = join(folder, 'README.md')
const known = (await readdir(folder)).filter((file) => /^(?!run\b).*\.ts$/.test(file)).map((file) => file.slice(0, -3))
const wanted = process.argv.slice(2)

for (const name of wanted.length === 0 ? known : wanted) {
  if (!known.includes(name)) throw new Error(`no benchmark '${name}'; there are ${known.join(', ')}`)
  const figures = figuresOf(name, await run(join(folder, `${name}.ts`)))
  process.stdout.write(`${table(figures)}\n\n`)
  await replaceSection(name, `${heading(name, figures)}\n\n${table(figures)}`)
}

/** The benchmark's own JSON line; its progress goes to the terminal. */
function run(file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, '--json'], {stdio: ['ignore', 'pipe', 'inherit']})
    let stdout = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve(stdout) : reject(new Error(`${file} ended with ${code}`))))
  })
}

/** The benchmark of the proxy compares two programs and has a shape of its own. */
function figuresOf(name: string, line: string): Figures {
  const found = JSON.parse(line.trim().split('\n').at(-1) ?? '')
  if (found.ratio === undefined) return found
  const rows: BenchRow[] = found.rows.flatMap((row: Record<string, number | string>) =>
    ['requestsPerCpuSecond', 'requestsPerSecond', 'p50Ms', 'p99Ms'].map((unit) => ({
      name: String(row.name),
      value: Number(row[unit]),
      unit: unit.replace(/([A-Z])/g, ' $1').toLowerCase(),
    })),
  )
  const verdict = {
    name: 'omni / caddy, requests per CPU-second',
    value: found.ratio,
    unit: '×',
    wanted: `>= ${found.wanted}`,
    met: found.met,
  }
  return {title: `the edge proxy (${name})`, rows: [...rows, verdict]}
}

function heading(name: string, {title = name}: Figures): string {
  const [cpu] = cpus()
  const machine = `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 1024 ** 3)} GiB, Linux, Node ${process.version}`
  return `### ${title}\n\n\`node bench/${name}.ts\` on ${machine}, ${new Date().toISOString().slice(0, 10)}`
}

function table({rows}: Figures): string {
  const lines = rows.map(({name, value, unit, wanted: bar = '', met}) => {
    const verdict = met === undefined ? '' : met ? 'met' : 'not met'
    return `| ${name} | ${Math.round(value * 100) / 100} ${unit} | ${bar} | ${verdict} |`
  })
  return ['| what | median | bar | |', '| --- | --- | --- | --- |', ...lines].join('\n')
}

async function replaceSection(name: string, text: string): Promise<void> {
  const before = await readFile(readme, 'utf8')
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const section = `${start}\n${text}\n${end}`
  const at = before.indexOf(start)
  const after =
    at === -1
      ? `${before.trimEnd()}\n\n${section}\n`
      : before.slice(0, at) + section + before.slice(before.indexOf(end) + end.length)
  await writeFile(readme, after)
}
