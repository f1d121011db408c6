/**
 * A rolling deploy of three containers under 500 requests a second, open loop, beside docker-compose, which stops a
 * container and starts its successor; and a version that never becomes ready. `node bench/docker-deploy.ts [--json]`,
 * about 60 s. Needs root and Debian for its Engine and docker-compose.
 */
import {join} from 'node:path'
import {answerOf, createDockerBench, writeApp} from './apps/docker.ts'
import {median, report} from './apps/home.ts'
import {RATE, type Round, sum, underLoad} from './apps/under-load.ts'
import {lookAt, urlOf} from './apps/web.ts'

const ROUNDS = 5
const READY_TIMEOUT_SECS = 3

const bench = await createDockerBench(['docker-compose'])
const {home} = bench
try {
  const up = () => home.omni('up', join(home.folder, 'app'))
  writeApp(home, 'v0')
  await up()
  const url = urlOf(await lookAt(home, 'web'))
  const peer = await startPeer()
  const [ours, peers]: [Round[], Round[]] = [[], []]
  for (let round = 1; round <= ROUNDS; round++) {
    writeApp(home, `v${round}`)
    ours.push(await underLoad(url, up))
    peers.push(await underLoad(peer.url, () => peer.deploy(`v${round}`)))
  }
  await peer.stop()
  home.write('app/omni.yaml', brokenFile())
  let isRefused = false
  const broken = await underLoad(url, () => up().catch(() => (isRefused = true)))
  tell({ours, peers, broken, isRefused})
} finally {
  await bench.dispose()
}

/** It listens on another port than it says. */
function brokenFile(): string {
  return `services:
  web:
    image: omni-test/app:1
    port: 8080
    replicas: 3
    readiness: {path: /ready, interval_secs: 1}
    env: {VERSION: never, WRONG_PORT: '1'}
    deploy: {ready_timeout_secs: ${READY_TIMEOUT_SECS}}
`
}

/** One container with a fixed port; `docker-compose up` makes a new one when its environment has changed. */
async function startPeer() {
  const port = 20_000 + (process.pid % 10_000)
  const file = join(home.folder, 'peer', 'docker-compose.yml')
  const compose = (...args: string[]) => bench.run('docker-compose', '-p', `bench${process.pid}`, '-f', file, ...args)
  const deploy = async (version: string) => {
    home.write(
      'peer/docker-compose.yml',
      `version: '3'\nservices:\n  web:\n    image: omni-test/app:1\n    environment: {VERSION: ${version}}\n    ports: ['127.0.0.1:${port}:8080']\n`,
    )
    await compose('up', '-d')
  }
  const url = `http://127.0.0.1:${port}/`
  await deploy('v0')
  await answerOf(url)
  return {url, deploy, stop: () => compose('down')}
}

function tell(seen: {
  readonly ours: readonly Round[]
  readonly peers: readonly Round[]
  readonly broken: Round
  readonly isRefused: boolean
}): void {
  const failed = sum(seen.ours.map(({load}) => load.failed))
  const ms = median(seen.ours.map((round) => round.ms))
  const limitMs = (READY_TIMEOUT_SECS + 1) * 1000
  report(`deploy of 3 containers under ${RATE} requests/s, ${ROUNDS} rounds`, [
    {name: 'omni up: failed requests, all rounds', value: failed, unit: 'requests', wanted: '0', met: failed === 0},
    {name: 'omni up: requests sent, all rounds', value: sum(seen.ours.map(({load}) => load.sent)), unit: 'requests'},
    {name: 'omni up: command to end, median', value: ms, unit: 'ms', wanted: '<= 2500', met: ms <= 2500},
    {name: 'omni up: slowest answer', value: Math.max(...seen.ours.map(({load}) => load.latencyMs.max)), unit: 'ms'},
    {
      name: 'docker-compose, 1 container: failed requests, all rounds',
      value: sum(seen.peers.map(({load}) => load.failed)),
      unit: 'requests',
    },
    {name: 'docker-compose, 1 container, median', value: median(seen.peers.map((round) => round.ms)), unit: 'ms'},
    {
      name: 'never ready: failed requests',
      value: seen.broken.load.failed,
      unit: 'requests',
      wanted: '0',
      met: seen.broken.load.failed === 0 && seen.isRefused,
    },
    {
      name: `never ready: refused after (timeout ${READY_TIMEOUT_SECS} s)`,
      value: seen.broken.ms,
      unit: 'ms',
      wanted: `<= ${limitMs}`,
      met: seen.broken.ms <= limitMs && seen.isRefused,
    },
  ])
}
