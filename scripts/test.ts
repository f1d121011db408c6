import {spawn} from 'node:child_process'
import {mkdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {ENGINES, engineTable, type TestFile} from './test/engines.ts'
import {installMissing} from './test/install.ts'
import {startEngines, stopEngines} from './test/start-engines.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const report = join(root, 'build', 'test-report.json')

/**
 * Runs the tests and ends with a table of which engines were real, faked or skipped. With `--engines`, for a disposable
 * machine as root: only those that need a real engine, what is missing is installed and started first, and a skipped one
 * is a failure. Other arguments go to vitest.
 */
async function test(args: readonly string[]): Promise<void> {
  const isForEngines = args.includes('--engines')
  const rest = args.filter((arg) => arg !== '--engines')
  if (isForEngines) process.env.OMNI_TEST_ENGINES = '1'
  if (isForEngines) await installMissing(['bash', 'zsh', 'fish', 'python3'], run)
  const files = isForEngines ? ENGINES.flatMap(({how, files}) => (how === 'real' ? files : [])) : []
  const scripts = isForEngines ? ENGINES.flatMap(({start}) => start ?? []) : []
  await mkdir(join(root, 'build'), {recursive: true})
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  let code: number
  try {
    Object.assign(process.env, await startEngines(root, scripts))
    code = await run('vitest', ['run', ...reporters, ...files, ...rest])
  } finally {
    await stopEngines(root, scripts)
  }
  const {testResults}: {testResults: TestFile[]} = JSON.parse(await readFile(report, 'utf8'))
  const engines = isForEngines ? ENGINES.filter(({how}) => how === 'real') : ENGINES
  const {lines, skipped} = engineTable(testResults, root, engines)
  process.stdout.write(`\n${lines.join('\n')}\n`)
  process.exitCode = code
  if (!isForEngines || skipped.length === 0) return
  process.stdout.write(`\nskipped: ${skipped.join(', ')}\n`)
  process.exitCode = 1
}

function run(file: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {cwd: root, stdio: 'inherit'})
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

await test(process.argv.slice(2))
