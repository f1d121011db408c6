import {spawn} from 'node:child_process'
import {fileURLToPath} from 'node:url'
import {namedDrivers} from './check/drivers.ts'
import {readImports} from './check/imports.ts'
import {brokenRules, cycles} from './check/rules.ts'
import {longFiles} from './check/sizes.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Text of what is wrong; empty when nothing is. */
type Check = () => Promise<string>

const CHECKS: Readonly<Record<string, Check>> = {
  types: () => run('tsc', ['-b']),
  lint: () => run('biome', ['check', '--error-on-warnings', '.']),
  imports: async () => brokenRules(await readImports(root)).join('\n'),
  cycles: async () => cycles(await readImports(root)).join('\n'),
  drivers: async () => (await namedDrivers(root)).join('\n'),
  sizes: async () => (await longFiles(root)).join('\n'),
  'dead code': () => run('knip', ['--no-progress']),
  docs: () => run('node', ['scripts/docs.ts', '--check']),
  lock: () => run('npm', ['ci', '--dry-run', '--ignore-scripts', '--loglevel=error']),
  packages: () => run('node', ['scripts/check/packages.ts']),
}

/** Everything that can be told without running the program. `npm run check -- lint docs` runs some of it. */
async function check(wanted: readonly string[]): Promise<void> {
  for (const [name, act] of Object.entries(CHECKS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const startMs = performance.now()
    const wrong = (await act()).trim()
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
    process.stdout.write(`${wrong === '' ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)\n`)
    if (wrong === '') continue
    process.stdout.write(`${wrong.replace(/^/gm, '     ')}\n`)
    process.exitCode = 1
  }
}

/** Output of a program that failed. */
function run(file: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {cwd: root})
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve(code === 0 ? '' : output || `${file} ended with ${code}`))
  })
}

await check(process.argv.slice(2))
