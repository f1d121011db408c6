/**
 * The main job, for real: deploys this folder with the built CLI, operates it, updates it under load, and checks every
 * claim it makes by itself. Everything is kept in `.demo/` of the repository (or OMNI_DEMO_DIR); `~/.ome` is not touched.
 *
 *   npm run demo                 deploys and leaves it running
 *   npm run demo -- --remove     removes everything
 */
import {cp, mkdir, readFile, rm, writeFile} from 'node:fs/promises'
import {join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'
import {claim, headline, type OmniRun, omniRunner, say} from './demo-steps.ts'
import {type LoadResult, startLoad} from './load.ts'

const examples = fileURLToPath(new URL('.', import.meta.url))
const demo = process.env.OMNI_DEMO_DIR ?? join(examples, '..', '.demo')
const app = join(demo, 'app')
const home = join(demo, 'home')
const omni = omniRunner(home)
const shownApp = relative(process.cwd(), app) || '.'
const REMOVE = 'npm run demo -- --remove'
const RATE = 200

if (process.argv.includes('--remove')) {
  await remove()
  say('everything is removed')
} else {
  try {
    await main()
  } catch (error) {
    process.stderr.write(
      `\n✖ ${error instanceof Error ? error.message : String(error)}\n  remove what is left: ${REMOVE}\n`,
    )
    process.exitCode = 1
  }
}

async function main(): Promise<void> {
  const startedAt = performance.now()
  await remove()
  await mkdir(home, {recursive: true, mode: 0o700})
  for (const part of ['omni.yaml', 'files', 'hello', 'registry']) {
    await cp(join(examples, part), join(app, part), {recursive: true, filter: (path) => !path.includes('node_modules')})
  }
  const url = await deployAll()
  await operate(url)
  await update(url)
  await refuseBroken(url)
  await goBack(url)
  await farewell(startedAt)
}

async function deployAll(): Promise<string> {
  headline('Three services from one folder, one of them installed from npm')
  expectExit(await omni(['up', shownApp]), 0)
  const {services} = JSON.parse((await omni(['status', '-o', 'json'], {quiet: true})).stdout)
  const url: string = services.find(({name}: {name: string}) => name === 'hello').endpoints[0].url
  const neighbours = await getJson(`${url}/neighbours`)
  claim(neighbours.files?.status === 200, `hello reaches files: "${neighbours.files?.text}"`)
  claim(neighbours.registry?.status === 200, 'hello reaches registry: 200 from /-/ping')
  return url
}

async function operate(url: string): Promise<void> {
  headline('See what they do')
  expectExit(await omni(['status']), 0)
  expectExit(await omni(['logs', 'hello', '--tail', '2']), 0)

  headline('From one replica to three')
  expectExit(await omni(['scale', 'hello', '3']), 0)
  const {runningReplicas} = JSON.parse((await omni(['status', 'hello', '-o', 'json'], {quiet: true})).stdout)
  claim(runningReplicas === 3, `${runningReplicas} replicas are ready behind ${url}`)
}

async function update(url: string): Promise<void> {
  headline(`A new version under ${RATE} requests a second`)
  await setVersion('2.0.0')
  const {run, load} = await underLoad(url, () => omni(['deploy', 'hello', '--file', shownApp, '--quiet']))
  expectExit(run, 0)
  tellLoad(load)
  claim(load.failed === 0, `0 of ${load.sent} requests failed`)
  const versions = Object.keys(load.bodies).map((text) => JSON.parse(text).version)
  claim(versions.includes('1.0.0') && versions.includes('2.0.0'), 'the answers changed from 1.0.0 to 2.0.0')
}

async function refuseBroken(url: string): Promise<void> {
  headline('A version that does not start')
  const file = join(app, 'hello', 'server.js')
  const good = await readFile(file, 'utf8')
  await setVersion('3.0.0')
  await writeFile(file, `if (!process.env.DATABASE_URL) throw new Error('DATABASE_URL is not set')\n${good}`)
  const {run, load} = await underLoad(url, () => omni(['deploy', 'hello', '--file', shownApp, '--quiet']))
  await writeFile(file, good)
  expectExit(run, 9)
  claim(run.stderr.includes('DATABASE_URL is not set'), 'it was refused, and the reason was told')
  tellLoad(load)
  claim(load.failed === 0, `0 of ${load.sent} requests failed meanwhile`)
  claim((await getJson(url)).version === '2.0.0', 'version 2.0.0 still serves')
}

async function goBack(url: string): Promise<void> {
  headline('Back to the first version')
  expectExit(await omni(['releases', 'hello']), 0)
  const {run, load} = await underLoad(url, () => omni(['rollback', 'hello']))
  expectExit(run, 0)
  claim(load.failed === 0, `0 of ${load.sent} requests failed`)
  claim((await getJson(url)).version === '1.0.0', 'version 1.0.0 serves again')
}

async function farewell(startedAt: number): Promise<void> {
  const {services} = JSON.parse((await omni(['status', '-o', 'json'], {quiet: true})).stdout)
  headline(`All of it in ${Math.round((performance.now() - startedAt) / 1000)} s, and it goes on running`)
  for (const {name, endpoints} of services) say(`${name.padEnd(9)} ${endpoints[0]?.url ?? ''}`)
  say('')
  say(`look around:       OMNI_HOME=${relative(process.cwd(), home)} node bin/run.js status`)
  say(`remove everything: ${REMOVE}`)
}

/** Requests leave on schedule before, during and after the act. */
async function underLoad(url: string, act: () => Promise<OmniRun>): Promise<{run: OmniRun; load: LoadResult}> {
  const load = startLoad({url, ratePerSecond: RATE})
  await pause(300)
  try {
    const run = await act()
    await pause(300)
    return {run, load: await load.stop()}
  } finally {
    await load.stop()
  }
}

function tellLoad({sent, failed, failures, latencyMs}: LoadResult): void {
  const why =
    failed === 0
      ? ''
      : ` (${Object.entries(failures)
          .map(([code, count]) => `${count} × ${code}`)
          .join(', ')})`
  say(
    `sent ${sent}, failed ${failed}${why}, median ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, max ${latencyMs.max} ms`,
  )
}

function expectExit(run: OmniRun, code: number): void {
  if (run.code === code) return
  throw new Error(`"omni ${run.args.join(' ')}" ended with ${run.code} and not with ${code}`)
}

async function setVersion(version: string): Promise<void> {
  const file = join(app, 'hello', 'package.json')
  await writeFile(file, (await readFile(file, 'utf8')).replace(/"version": "[^"]*"/, `"version": "${version}"`))
}

async function getJson(url: string) {
  const answer = await fetch(url, {signal: AbortSignal.timeout(5_000)})
  return JSON.parse(await answer.text())
}

async function remove(): Promise<void> {
  const {code} = await omni(['server', 'stop', '--workloads', 'stop'], {quiet: true})
  if (code !== 0) throw new Error('the services of an earlier demo could not be stopped')
  await rm(demo, {recursive: true, force: true})
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
