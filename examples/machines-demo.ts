/**
 * Machines, for real: applies `plans/demo.yaml` on the Incus of this machine, looks, changes, goes back, and removes all of
 * it. In a project and a home of its own: other machines and `~/.ome` are not touched. Without an Incus, as root on Debian,
 * one is started by `test/engines/incus-up`.
 *
 *   npm run demo:machines
 */
import {execFile} from 'node:child_process'
import {existsSync} from 'node:fs'
import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {startEngines} from '../scripts/test/start-engines.ts'
import {claim, headline, type OmniRun, omniRunner, say} from './demo-steps.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'omni-machines-'))
const home = join(folder, 'home')
const project = `omni-demo-${process.pid}`
const socket = await findSocket()
const omni = omniRunner(home)
const plan = join(folder, 'demo.yaml')

try {
  await prepare()
  await show()
} catch (error) {
  process.stderr.write(`\n✖ ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await cleanUp()
}

async function show(): Promise<void> {
  const startedAt = performance.now()
  const settings = await settingsOfPlan()

  headline('A gateway, a worker and a storage, from one file')
  expectExit(await omni(['diff', plan, ...settings]), 0)
  expectExit(await omni(['apply', plan, ...settings]), 0)
  say('exit 0: each of them runs, has an address and answers what the plan asks for')
  expectExit(await omni(['status']), 0)

  headline('The same again: nothing to do')
  const {stdout} = await omni(['apply', plan, ...settings])
  claim(stdout.includes('nothing to do'), 'what is as wanted is left alone')

  headline('Programs inside, by name and by label')
  expectExit(await omni(['exec', 'yaz-gateway', 'uptime']), 0)
  expectExit(await omni(['exec', '-l', 'environment=demo', 'hostname']), 0)

  headline('A snapshot of all of them under one name')
  expectExit(await omni(['snapshot', '-l', 'environment=demo', '--name', 'before']), 0)
  expectExit(await omni(['snapshot', 'list']), 0)

  headline('One number in the plan, and what it costs')
  const text = await readFile(plan, 'utf8')
  await writeFile(plan, text.replace(/(yaz-storage:[\s\S]*?cpus: )1/, '$12'))
  const diff = await omni(['diff', plan, ...settings, '--exit-code'])
  claim(diff.code === 10 && diff.stdout.includes('cpus'), 'diff tells the field and ends with 10')
  expectExit(await omni(['apply', plan, ...settings]), 0)
  expectExit(await omni(['diff', plan, ...settings, '--exit-code']), 0)

  headline('Everything that the plan has made is removed')
  expectExit(await omni(['destroy', '--plan', plan, ...settings, '--yes']), 0)
  const left = JSON.parse((await omni(['get', 'instances', '-o', 'json'], {quiet: true})).stdout)
  claim(left.length === 0, 'no machine is left')
  say(`${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
}

/** The images of the tests have no cloud-init but a web server; with any other Incus the plan is taken as it is. */
async function settingsOfPlan(): Promise<string[]> {
  const port = `port=${await freePort()}`
  const aliases = JSON.parse(await incus('image', 'alias', 'list', '-f', 'json'))
  const hasTestImage = aliases.some(({name}: {name: string}) => name === 'omni-test/busybox')
  return hasTestImage ? ['--env', 'plain', '--var', 'image=local:omni-test/busybox', '--var', port] : ['--var', port]
}

/** The socket of the Incus that is there, or of one that is started. */
async function findSocket(): Promise<string> {
  const known = [process.env.OMNI_TEST_INCUS_SOCKET, process.env.INCUS_SOCKET, '/var/lib/incus/unix.socket']
  const found = known.find((path) => path !== undefined && existsSync(path))
  return found ?? (await startEngines(root, ['incus-up'])).OMNI_TEST_INCUS_SOCKET ?? ''
}

/** A project that uses the images, networks and profiles that are there, and a context that uses the project. */
async function prepare(): Promise<void> {
  const shared = ['images', 'networks', 'profiles'].flatMap((feature) => ['-c', `features.${feature}=false`])
  await incus('project', 'create', project, ...shared)
  await mkdir(home, {recursive: true, mode: 0o700})
  const context = {name: 'demo', providers: {instances: 'incus'}, incus: {url: `unix:${socket}`, project}}
  await writeFile(join(home, 'config.yaml'), JSON.stringify({'current-context': 'demo', contexts: [context]}))
  await writeFile(plan, await readFile(join(root, 'examples/plans/demo.yaml'), 'utf8'))
}

async function cleanUp(): Promise<void> {
  const machines = JSON.parse(await incus('list', '--project', project, '-f', 'json').catch(() => '[]'))
  for (const {name} of machines) await incus('delete', '--project', project, '--force', name)
  await incus('project', 'delete', project).catch(() => undefined)
  await rm(folder, {recursive: true, force: true})
}

function incus(...args: string[]): Promise<string> {
  const env = {...process.env, INCUS_DIR: dirname(socket), INCUS_CONF: join(folder, 'incus')}
  return new Promise((resolve, reject) => {
    const child = execFile('incus', args, {env}, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`incus ${args.join(' ')}: ${stderr}`)),
    )
    child.stdin?.end()
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 8080))
    })
  })
}

function expectExit(run: OmniRun, wanted: number): void {
  if (run.code !== wanted) throw new Error(`omni ${run.args.join(' ')} ended with ${run.code}`)
}
