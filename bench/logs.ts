/**
 * A million lines of a container's log: `omni logs` beside `docker logs` of the same container, both to /dev/null; and
 * the last 100 lines of a log of 1 GB beside the bare start of the program. `node bench/logs.ts [--json]`, about 2 min.
 * Needs a Docker Engine of this machine whose files can be read: DOCKER_HOST, or OMNI_TEST_DOCKER_HOST.
 */
import {execFileSync} from 'node:child_process'
import {appendFileSync, closeSync, openSync, statSync, truncateSync} from 'node:fs'
import {createBenchHome, median, OMNI_BIN, report, timed} from './apps/home.ts'

const ROUNDS = 5
const LINES = 1_000_000
/** Of 100 characters. */
const LINE_BYTES = 171
const BIG_BYTES = 1_000_000_000

const host = process.env.OMNI_TEST_DOCKER_HOST ?? process.env.DOCKER_HOST
if (host === undefined) throw new Error('set DOCKER_HOST')

const home = createBenchHome({DOCKER_HOST: host})
const env = {PATH: process.env.PATH, HOME: home.folder, OMNI_HOME: home.omniHome, NO_COLOR: '1', DOCKER_HOST: host}
const docker = (...args: string[]) => execFileSync('docker', args, {env, encoding: 'utf8'}).trim()
const service = `bench-logs-${process.pid}`

try {
  home.write('omni.yaml', `services:\n  ${service}:\n    image: omni-test/busybox:1\n    command: [sleep, '100000']\n`)
  await home.omni('apply', '-f', `${home.folder}/omni.yaml`)
  const [id = ''] = docker('ps', '-q', '--no-trunc', '--filter', `name=${service}`).split('\n')
  const path = docker('inspect', '--format', '{{.LogPath}}', id)
  report('logs of a container', [...(await million(id, path)), ...(await tail(path))])
} finally {
  await home.omni('delete', 'service', service, '--yes', '--purge').catch(() => undefined)
  await home.dispose()
}

/** Nothing but the program and a file that takes all: no pipe, no reader. */
function toNull(argv: readonly string[]): Promise<number> {
  const sink = openSync('/dev/null', 'w')
  const [file = '', ...args] = argv
  const run = async () => execFileSync(file, args, {env, stdio: ['ignore', sink, 'inherit']})
  return timed(run).finally(() => closeSync(sink))
}

/** Written by hand, where Docker would have rotated it away: a container of ours keeps 30 MB. */
function fill(path: string, bytes: number): void {
  const text = '0123456789'.repeat(10)
  for (let line = 0, size = statSync(path).size; size < bytes; ) {
    let part = ''
    for (const end = line + 10_000; line < end; line++) {
      const time = new Date(Date.UTC(2026, 0, 1) + line).toISOString().replace('Z', '123456Z')
      part += `${JSON.stringify({log: `${text}\n`, stream: 'stdout', time})}\n`
    }
    appendFileSync(path, part)
    size += part.length
  }
}

async function million(id: string, path: string) {
  fill(path, LINES * LINE_BYTES)
  const times = {omni: [] as number[], docker: [] as number[]}
  for (let round = -1; round < ROUNDS; round++) {
    const omniMs = await toNull([process.execPath, OMNI_BIN, 'logs', service])
    const dockerMs = await toNull(['docker', 'logs', id])
    if (round < 0) continue
    times.omni.push(omniMs)
    times.docker.push(dockerMs)
  }
  const [ours, theirs] = [median(times.omni), median(times.docker)]
  return [
    {name: 'docker logs, 1 M lines', value: LINES / theirs, unit: 'lines/ms'},
    {name: 'omni logs, 1 M lines', value: LINES / ours, unit: 'lines/ms'},
    {name: 'omni logs / docker logs', value: theirs / ours, unit: '×', wanted: '>= 8', met: theirs / ours >= 8},
  ]
}

async function tail(path: string) {
  try {
    fill(path, BIG_BYTES)
    const [tails, starts]: [number[], number[]] = [[], []]
    for (let round = -1; round < 2 * ROUNDS; round++) {
      const tailMs = await toNull([process.execPath, OMNI_BIN, 'logs', service, '--tail', '100'])
      const startMs = await toNull([process.execPath, OMNI_BIN, 'releases', service])
      if (round < 0) continue
      tails.push(tailMs)
      starts.push(startMs)
    }
    const overMs = median(tails) - median(starts)
    return [
      {name: 'a command that asks the server: omni releases', value: median(starts), unit: 'ms'},
      {name: 'omni logs --tail 100 of 1 GB', value: median(tails), unit: 'ms'},
      {name: 'over the start', value: overMs, unit: 'ms', wanted: '<= 100', met: overMs <= 100},
    ]
  } finally {
    truncateSync(path)
  }
}
