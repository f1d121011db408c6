/**
 * A rolling deploy of three replicas under 500 requests a second, open loop, beside what people do without a proxy:
 * stop the old process, start the new one. `node bench/deploy.ts [--json]`, about 25 s.
 */
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {createServer} from 'node:net'
import {join} from 'node:path'
import {createBenchHome, median, pause, report} from './apps/home.ts'
import {RATE, type Round, sum, underLoad} from './apps/under-load.ts'
import {lookAt, urlOf, webServer, writeWeb} from './apps/web.ts'

const ROUNDS = 5

const home = createBenchHome()
try {
  const ours: Round[] = []
  const peers: Round[] = []
  writeWeb(home, 'v0')
  await home.omni('up', join(home.folder, 'app'))
  const url = urlOf(await lookAt(home, 'web'))
  const peer = await startPeer()
  for (let round = 1; round <= ROUNDS; round++) {
    writeWeb(home, `v${round}`)
    ours.push(await underLoad(url, () => home.omni('up', join(home.folder, 'app'))))
    home.write('peer.mjs', webServer(`v${round}`))
    peers.push(await underLoad(peer.url, peer.restart))
  }
  await peer.stop()
  tell(ours, peers)
} finally {
  await home.dispose()
}

/** One process on one port; a deploy is a stop and a start. */
async function startPeer() {
  const port = await freePort()
  home.write('peer.mjs', webServer('v0'))
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [join(home.folder, 'peer.mjs')], {env: {PORT: String(port)}, stdio: 'ignore'})
    while (
      !(await fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      ))
    )
      await pause(5)
    return child
  }
  let child = await start()
  const stop = async () => {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const deadline = setTimeout(() => child.kill('SIGKILL'), 5_000)
    await exited
    clearTimeout(deadline)
  }
  const restart = async () => {
    await stop()
    child = await start()
  }
  return {url: `http://127.0.0.1:${port}/`, restart, stop}
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

function tell(ours: readonly Round[], peers: readonly Round[]): void {
  const failed = sum(ours.map(({load}) => load.failed))
  const ms = median(ours.map((round) => round.ms))
  report(`deploy of 3 replicas under ${RATE} requests/s, ${ROUNDS} rounds`, [
    {name: 'omni up: failed requests, all rounds', value: failed, unit: 'requests', wanted: '0', met: failed === 0},
    {name: 'omni up: requests sent, all rounds', value: sum(ours.map(({load}) => load.sent)), unit: 'requests'},
    {name: 'omni up: command to end, median', value: ms, unit: 'ms', wanted: '<= 3000', met: ms <= 3000},
    {name: 'omni up: slowest answer', value: Math.max(...ours.map(({load}) => load.latencyMs.max)), unit: 'ms'},
    {
      name: 'stop and start of one process: failed requests',
      value: sum(peers.map(({load}) => load.failed)),
      unit: 'requests',
    },
    {name: 'stop and start of one process, median', value: median(peers.map((round) => round.ms)), unit: 'ms'},
  ])
}
