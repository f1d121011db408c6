import {Agent, get} from 'node:http'
import {type ServiceInput, type ServiceSpec, serviceSpec} from '@omni-cli/sdk'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {createEdge} from '../../src/edge/client.ts'
import type {Edge} from '../../src/edge/table.ts'
import {createControl, type RunningControl} from '../../src/server/create-control.ts'
import {openTestHome, type TestHome} from '../runtimes/test-home.ts'
import {alice, eventually} from './harness.ts'

const SERVER = `
require('node:http').createServer((_, response) => response.end(process.env.VERSION)).listen(process.env.PORT, '127.0.0.1')
`

// Processes, proxy and control plane as they are in use.
let at: TestHome
let edge: Edge
let control: RunningControl
const open = () =>
  createControl({home: at.home, runtime: at.runtime, edge, clusterName: 'real', edgeHttp: '127.0.0.1:18999'})
beforeEach(async () => {
  at = openTestHome()
  edge = createEdge({home: at.home})
  control = await open()
})
afterEach(async () => {
  if (control.database.isOpen) await control.close()
  await edge.shutdown(100)
  edge.close()
  await at.close()
})

const web = (version: string, change: Partial<ServiceInput> = {}): ServiceSpec =>
  serviceSpec.parse({
    name: 'web',
    command: [process.execPath, '-e', SERVER],
    port: 3000,
    replicas: 3,
    env: {VERSION: version},
    stop_grace_secs: 2,
    deploy: {ready_timeout_secs: 20, drain_secs: 2},
    ...change,
  })
const deploy = async (spec: ServiceSpec) => {
  const outcome = await control.deploy([spec], {actor: alice, reason: 'deploy'})
  expect(outcome.errors).toEqual([])
}
const url = async () => (await control.get('web'))?.endpoints[0]?.url ?? ''

it('rolls, heals and outlives a restart of the server without a failed request', async () => {
  await deploy(web('one'))
  const load = startLoad(await url())
  await eventually(() => load.answers.has('one'))

  const before = performance.now()
  await deploy(web('two'))
  const tookMs = performance.now() - before
  await eventually(() => load.answers.has('two'))

  await control.close()
  control = await open()
  expect(await control.get('web')).toMatchObject({status: 'running', runningReplicas: 3, release: 'r2'})
  const failed = await load.stop()
  expect(failed).toEqual([])
  expect(tookMs).toBeLessThan(15_000)
  expect(await control.metrics()).toContain(
    'orca_http_requests_total{service="web",version="r2",route="*",class="2xx"}',
  )
})

it('a killed replica comes back into rotation', async () => {
  await deploy(web('one'))
  const [victim] = (await control.get('web'))?.replicas ?? []
  process.kill(victim?.pid ?? 0, 'SIGKILL')
  await eventually(async () => {
    const service = await control.get('web')
    return service?.runningReplicas === 3 && service.replicas.some(({restarts}) => restarts === 1)
  })

  const replica = (await control.get('web'))?.replicas.find(({restarts}) => restarts === 1)
  expect(replica?.lastExit).toMatchObject({signal: 'SIGKILL'})
  expect(replica?.pid).not.toBe(victim?.pid)
})

it('a version that exits is refused with its status and its last lines', async () => {
  await deploy(web('one'))
  const broken = web('two', {
    command: [process.execPath, '-e', 'console.error("broken on purpose"); process.exit(7)'],
  })
  const outcome = await control.deploy([broken], {actor: alice, reason: 'deploy'})

  expect(outcome.errors).toMatchObject([
    {code: 'DEPLOY_FAILED', details: {reason: 'StartFailed', exit: {code: 7}, lastLines: ['broken on purpose']}},
  ])
  expect(await (await fetch(await url())).text()).toBe('one')
})

interface Load {
  /** Texts that were answered so far. */
  readonly answers: Set<string>
  /** Requests that failed. */
  stop(): Promise<string[]>
}

/** A request every few milliseconds over kept connections. */
function startLoad(url: string): Load {
  const agent = new Agent({keepAlive: true, maxSockets: 20})
  const answers = new Set<string>()
  const failed: string[] = []
  const pending = new Set<Promise<void>>()
  const timer = setInterval(() => {
    const asked = ask(url, agent).then(
      (text) => void answers.add(text),
      (error) => void failed.push(String(error)),
    )
    pending.add(asked)
    void asked.finally(() => pending.delete(asked))
  }, 5)
  return {
    answers,
    async stop() {
      clearInterval(timer)
      await Promise.all(pending)
      agent.destroy()
      return failed
    },
  }
}

const ask = (url: string, agent: Agent): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = get(url, {agent}, async (response) => {
      const text = Buffer.concat(await Array.fromAsync(response)).toString()
      if (response.statusCode === 200) resolve(text)
      else reject(new Error(`${response.statusCode} ${text}`))
    })
    request.on('error', reject)
  })
