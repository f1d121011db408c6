/**
 * A deploy of 50 services with a replica each, beside a serial loop over the Engine's API that creates and starts 50
 * containers on a network; the same deploy again, which has nothing to do; and the memory of a server with 100 services
 * that is left alone. `node bench/docker-many.ts [--json] [--idle-minutes 1]`, about 2 min and the idle time.
 */
import {readFileSync} from 'node:fs'
import {type RequestOptions, request} from 'node:http'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {createDockerBench} from './apps/docker.ts'
import {median, pause, report, timed} from './apps/home.ts'

const COUNT = 50
const ROUNDS = 3
const {values} = parseArgs({
  options: {json: {type: 'boolean'}, 'idle-minutes': {type: 'string', default: '1'}},
})

const bench = await createDockerBench()
const {home} = bench
try {
  const up = () => home.omni('deploy', '-f', join(home.folder, 'app/omni.yaml'))
  await home.omni('server', 'start')
  const [ours, noops, serial]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < ROUNDS; round++) {
    home.write('app/omni.yaml', services(COUNT))
    ours.push(await timed(up))
    noops.push(await timed(up))
    await home.omni('delete', '-f', join(home.folder, 'app/omni.yaml'), '--yes')
    serial.push(await serialLoop())
  }
  home.write('app/omni.yaml', services(2 * COUNT))
  await up()
  const memory = await idle(Number(values['idle-minutes']))
  tell({ours, noops, serial, memory})
} finally {
  await bench.dispose()
}

function services(count: number): string {
  const one = (index: number) =>
    `  many-${index}:\n    image: omni-test/busybox:1\n    port: 8080\n    stop_grace_secs: 1\n    deploy: {drain_secs: 0}\n`
  return `services:\n${Array.from({length: count}, (_, index) => one(index)).join('')}`
}

/** What a script of a careful person does: create, start, next. Cleaning up is not counted. */
async function serialLoop(): Promise<number> {
  const network = `bench-${process.pid}`
  await api('POST', '/networks/create', {Name: network})
  const ids: string[] = []
  const ms = await timed(async () => {
    for (let index = 0; index < COUNT; index++) {
      const created = await api('POST', `/containers/create?name=${network}-${index}`, {
        Image: 'omni-test/busybox:1',
        ExposedPorts: {'8080/tcp': {}},
        HostConfig: {NetworkMode: network},
      })
      ids.push(created.Id)
      await api('POST', `/containers/${created.Id}/start`)
    }
  })
  await Promise.all(ids.map((id) => api('DELETE', `/containers/${id}?force=1`)))
  await api('DELETE', `/networks/${network}`)
  return ms
}

/** Megabytes of the server at the start, at the end, and at most. */
async function idle(minutes: number): Promise<{readonly first: number; readonly last: number; readonly most: number}> {
  const {pid} = JSON.parse(await home.omni('server', 'status', '-o', 'json'))
  const read = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  await pause(5_000)
  const seen = [read()]
  const until = performance.now() + minutes * 60_000
  while (performance.now() < until) {
    await pause(5_000)
    seen.push(read())
  }
  return {first: seen[0] ?? 0, last: seen.at(-1) ?? 0, most: Math.max(...seen)}
}

function api(method: string, path: string, body?: unknown): Promise<{readonly Id: string}> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const options: RequestOptions = {
    socketPath: bench.socket,
    method,
    path,
    headers: {'content-type': 'application/json', 'content-length': Buffer.byteLength(text ?? '')},
  }
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let answer = ''
      response.on('data', (chunk) => {
        answer += chunk
      })
      response.on('end', () =>
        (response.statusCode ?? 500) < 400 ? resolve(JSON.parse(answer || '{}')) : reject(new Error(answer)),
      )
    })
    sent.on('error', reject)
    sent.end(text)
  })
}

function tell(seen: {
  readonly ours: readonly number[]
  readonly noops: readonly number[]
  readonly serial: readonly number[]
  readonly memory: {readonly first: number; readonly last: number; readonly most: number}
}): void {
  const ratio = median(seen.ours) / median(seen.serial)
  const noopMs = median(seen.noops)
  const {first, last, most} = seen.memory
  const growth = last - first
  report(`${COUNT} services on Docker, ${ROUNDS} rounds`, [
    {name: 'omni deploy, all ready, median', value: median(seen.ours), unit: 'ms'},
    {name: 'serial loop over the API, not waiting for ready, median', value: median(seen.serial), unit: 'ms'},
    {name: 'omni / serial loop', value: ratio, unit: '×', wanted: '<= 0.7', met: ratio <= 0.7},
    {name: 'the same deploy again, median', value: noopMs, unit: 'ms', wanted: '<= 1000', met: noopMs <= 1000},
    {name: `server with ${2 * COUNT} services, at most`, value: most, unit: 'MB', wanted: '<= 120', met: most <= 120},
    {
      name: `its growth while idle for ${values['idle-minutes']} min`,
      value: growth,
      unit: 'MB',
      wanted: '<= 5',
      met: growth <= 5,
    },
  ])
}
