/**
 * From a crash to a running container: omni with and without `keep_network` beside Docker's own `restart=always`, in
 * turns, and twenty at once.
 * Measured by the Engine's own clock: from the event `die` of the old container to the event `start` of the next one.
 * `node bench/docker-recovery.ts [--json]`, about 80 s.
 */
import {spawn} from 'node:child_process'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {createDockerBench} from './apps/docker.ts'
import {median, pause, report} from './apps/home.ts'

const ROUNDS = 10
const MANY = 20
/** What one crash leaves to be cleared away must not slow the next one. */
const SETTLE_MS = 500

interface Life {
  readonly action: string
  readonly name: string
  readonly ms: number
}

const bench = await createDockerBench()
const {home, docker} = bench
const events = watchEvents()
const network = `bench-${process.pid}`
const peerName = (round: number) => `${network}-${round}`
try {
  home.write('app/omni.yaml', services())
  await home.omni('up', join(home.folder, 'app'))
  await startPeers()
  const [ours, plain, peers]: [number[], number[], number[]] = [[], [], []]
  // A container each round: a crash soon after another one is put off on purpose, by both.
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await recovery(`orca-crash-${round}`))
    await pause(SETTLE_MS)
    plain.push(await recovery(`orca-plain-${round}`))
    await pause(SETTLE_MS)
    peers.push(await recovery(peerName(round)))
    await pause(SETTLE_MS)
  }
  await removePeers()
  await home.omni('stop', ...Array.from({length: ROUNDS}, (_, index) => `plain-${index}`))
  await home.omni('restart', ...Array.from({length: MANY}, (_, index) => `crash-${index}`))
  // Things have run for a while before they crash.
  await pause(5_000)
  const manyMs = await allAtOnce()
  tell({ours, plain, peers}, manyMs)
} finally {
  events.close()
  await removePeers().catch(() => undefined)
  await bench.dispose()
}

/** On a network of their own with a name there, as `docker-compose` would start them, and as ours are. */
async function startPeers(): Promise<void> {
  await docker('network', 'create', network)
  for (let round = 0; round < ROUNDS; round++) {
    const name = peerName(round)
    const options = ['--restart=always', '--network', network, '--network-alias', `peer-${round}`, '--name', name]
    await docker('run', '-d', ...options, 'omni-test/busybox:1')
  }
}

async function removePeers(): Promise<void> {
  await docker('rm', '-f', ...Array.from({length: ROUNDS}, (_, round) => peerName(round)))
  await docker('network', 'rm', network)
}

function services(): string {
  const one = (name: string, keeps: boolean) =>
    `  ${name}: {image: omni-test/busybox:1, port: 8080, stop_grace_secs: 1, keep_network: ${keeps}, deploy: {drain_secs: 0}}\n`
  const crash = Array.from({length: MANY}, (_, index) => one(`crash-${index}`, true))
  const plain = Array.from({length: ROUNDS}, (_, index) => one(`plain-${index}`, false))
  return `services:\n${[...crash, ...plain].join('')}`
}

/** Kills the first process of the container; the Engine sees a crash. */
async function recovery(container: string): Promise<number> {
  const from = events.seen.length
  await kill(container)
  return events.gap(from, container)
}

async function kill(container: string): Promise<void> {
  process.kill(Number(await docker('inspect', '-f', '{{.State.Pid}}', container)), 'SIGKILL')
}

/** From the first death to the last start. */
async function allAtOnce(): Promise<number> {
  const names = Array.from({length: MANY}, (_, index) => `orca-crash-${index}`)
  const pids = (await docker('inspect', '-f', '{{.State.Pid}}', ...names)).split('\n').map(Number)
  const from = events.seen.length
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  for (;;) {
    const news = events.seen.slice(from)
    const starts = new Set(news.filter(({action}) => action === 'start').map(({name}) => name))
    if (starts.size >= MANY) {
      const died = news.find(({action}) => action === 'die')?.ms ?? 0
      return Math.max(...news.filter(({action}) => action === 'start').map(({ms}) => ms)) - died
    }
    await pause(20)
  }
}

function watchEvents() {
  const child = spawn('docker', ['events', '--format', '{{json .}}', '--filter', 'type=container'], {
    env: {...process.env, DOCKER_HOST: `unix://${bench.socket}`},
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const seen: Life[] = []
  createInterface(child.stdout).on('line', (line) => {
    const event = JSON.parse(line)
    const {name, 'omni.service': service} = event.Actor.Attributes
    // A successor has its final name a moment later.
    seen.push({action: event.Action, name: service === undefined ? name : `orca-${service}`, ms: event.timeNano / 1e6})
  })
  return {
    seen,
    /** From the first death to the next start. */
    async gap(from: number, container: string): Promise<number> {
      for (;;) {
        const news = seen.slice(from).filter(({name}) => name === container)
        const died = news.find(({action}) => action === 'die')
        const started = news.find(({action, ms}) => action === 'start' && died !== undefined && ms > died.ms)
        if (died !== undefined && started !== undefined) return started.ms - died.ms
        await pause(5)
      }
    },
    close: () => child.kill(),
  }
}

interface Times {
  readonly ours: readonly number[]
  readonly plain: readonly number[]
  readonly peers: readonly number[]
}

function tell({ours, plain, peers}: Times, manyMs: number): void {
  const ratio = median(ours) / median(peers)
  report(`recovery of containers, ${ROUNDS} rounds`, [
    {name: 'omni, keep_network: crash to running, median', value: median(ours), unit: 'ms'},
    {name: 'omni: the slowest of them', value: Math.max(...ours), unit: 'ms'},
    {name: 'omni, without it: crash to running, median', value: median(plain), unit: 'ms'},
    {name: 'restart=always: crash to running, median', value: median(peers), unit: 'ms'},
    {name: 'omni, keep_network / restart=always', value: ratio, unit: '×', wanted: '<= 0.75', met: ratio <= 0.75},
    {
      name: `omni, keep_network: ${MANY} at once, all back`,
      value: manyMs,
      unit: 'ms',
      wanted: '<= 4000',
      met: manyMs <= 4000,
    },
  ])
}
