import {randomBytes} from 'node:crypto'
import {type LogLine, type LogOptions, poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {createEngine, type Engine} from '../../../src/runtimes/docker/engine/engine.ts'
import {openTransport} from '../../../src/runtimes/docker/engine/transport.ts'
import {type LogSource, lastContainerLines, readServiceLogs} from '../../../src/runtimes/docker/logs/logs.ts'

const host = process.env.OMNI_TEST_DOCKER_HOST
const suffix = randomBytes(5).toString('hex')
const made: string[] = []
let engine: Engine

beforeAll(() => {
  if (host !== undefined) engine = createEngine(openTransport({DOCKER_HOST: host}))
})
afterAll(async () => {
  await Promise.all(made.map((id) => engine.call('DELETE', `/containers/${id}`, {query: {force: true, v: true}})))
  if (host !== undefined) engine.close()
})

interface Inspected {
  readonly Id: string
  readonly LogPath: string
  readonly State: {readonly Running: boolean}
}

const inspect = async (id: string) => (await engine.call('GET', `/containers/${id}/json`)) as Inspected
const start = (id: string) => engine.call('POST', `/containers/${id}/start`)

async function container(script: string, options: {tty?: boolean; config?: Record<string, string>} = {}) {
  const answer = await engine.call('POST', '/containers/create', {
    query: {name: `omni-logs-${suffix}-${made.length}`},
    json: {
      ...{Image: 'omni-test/busybox:1', Cmd: ['sh', '-c', script], Tty: options.tty ?? false},
      HostConfig: {Init: true, LogConfig: {Type: 'json-file', Config: options.config ?? {}}},
    },
  })
  const {Id} = answer as {Id: string}
  made.push(Id)
  await start(Id)
  return Id
}

const ended = (id: string) => poll({everyMs: 20, timeoutMs: 20_000}, async () => !(await inspect(id)).State.Running)

const sourceOf = async (id: string, replica = 'web-0'): Promise<LogSource> => {
  const {LogPath, State} = await inspect(id)
  return {id, replica, logPath: LogPath, isRunning: State.Running}
}

/** Both ways to the same lines. */
const WAYS = ['from the file', 'through the Engine'] as const
const via = (way: (typeof WAYS)[number]): Engine => (way === 'from the file' ? engine : {...engine, isLocal: false})

const read = async (way: (typeof WAYS)[number], ids: readonly string[], options: LogOptions = {}) => {
  const list = () => Promise.all(ids.map((id, at) => sourceOf(id, `web-${at}`)))
  return Array.fromAsync(readServiceLogs(via(way), list, options))
}
const textsOf = (lines: readonly LogLine[]) => lines.map(({text}) => text)

test.skipIf(host === undefined).each(WAYS)(
  'logs of containers have both streams, odd bytes and long lines, %s',
  async (way) => {
    const long = 'head -c 40000 /dev/zero | tr "\\0" x; echo'
    const id = await container(`echo "a \\"quote\\""; echo err >&2; printf 'tab\\there größe\\n'; ${long}; printf last`)
    await ended(id)
    const lines = await read(way, [id])

    expect(lines.map(({stream, text}) => [stream, text.length > 100 ? text.length : text]).sort()).toEqual(
      [
        ['stdout', 'a "quote"'],
        ['stderr', 'err'],
        ['stdout', 'tab\there größe'],
        ['stdout', 40_000],
        ['stdout', 'last'],
      ].sort(),
    )
    expect(lines.every(({time}) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time))).toBe(true)
  },
)

test.skipIf(host === undefined).each(WAYS)(
  'logs of containers of a terminal have no line ends of a terminal, %s',
  async (way) => {
    const id = await container('echo one; head -c 40000 /dev/zero | tr "\\0" y; echo; echo two', {tty: true})
    await ended(id)
    const texts = textsOf(await read(way, [id]))

    expect([texts[0], texts[1]?.length, texts[2], texts.length]).toEqual(['one', 40_000, 'two', 3])
  },
)

test.skipIf(host === undefined).each(WAYS)(
  'logs of containers have a tail and a beginning, and those of one replica, %s',
  async (way) => {
    const script = 'for n in 1 2 3; do echo $0 $n; sleep 0.3; done'
    const ids = [await container(script), await container(script)]
    await Promise.all(ids.map(ended))
    const all = await read(way, ids)

    expect(all.map(({time}) => time)).toEqual(all.map(({time}) => time).sort())
    expect(textsOf(await read(way, ids, {tail: 1}))).toEqual(['sh 3', 'sh 3'])
    expect(textsOf(await read(way, ids, {tail: 2, replica: '1'}))).toEqual(['sh 2', 'sh 3'])
    const since = all.find(({text, replica}) => text === 'sh 2' && replica === 'web-0')?.time
    expect(textsOf(await read(way, ids, {since, replica: 'web-0'}))).toEqual(['sh 2', 'sh 3'])
    expect(await lastContainerLines(via(way), await sourceOf(ids[0] ?? ''), 2)).toEqual(['sh 2', 'sh 3'])
  },
)

test.skipIf(host === undefined).each(WAYS)(
  'logs of containers are followed over the end of the container, its next start, and those that join, %s',
  async (way) => {
    const first = await container('echo run; for n in 1 2 3 4 5; do echo line $n; sleep 0.05; done')
    const ids = [first]
    const seen: string[] = []
    const stop = new AbortController()
    const list = () => Promise.all(ids.map((id, at) => sourceOf(id, `web-${at}`)))
    const reading = (async () => {
      for await (const {replica, text} of readServiceLogs(via(way), list, {follow: true, signal: stop.signal})) {
        seen.push(`${replica} ${text}`)
      }
    })()
    reading.catch(() => undefined)
    const has = (text: string, count: number) =>
      poll({everyMs: 20, timeoutMs: 15_000}, () => seen.filter((line) => line === text).length === count)
    await has('web-0 line 5', 1)
    await ended(first)
    await start(first)
    await has('web-0 line 5', 2)
    ids.push(await container('echo late'))
    await has('web-1 late', 1)
    stop.abort()

    await expect(reading).rejects.toMatchObject({code: 'ABORTED'})
    const run = ['run', 'line 1', 'line 2', 'line 3', 'line 4', 'line 5'].map((text) => `web-0 ${text}`)
    expect(seen).toEqual([...run, ...run, 'web-1 late'])
  },
)

test.skipIf(host === undefined).each(WAYS)(
  'logs of containers are followed over the rotations of Docker, %s',
  async (way) => {
    // A file holds some 100 lines; they come slowly enough that none is rotated away unread.
    const id = await container('n=0; while [ $n -lt 1500 ]; do n=$((n+1)); echo line $n; usleep 500; done', {
      config: {'max-size': '10k', 'max-file': '20'},
    })
    const seen: number[] = []
    const stop = new AbortController()
    const reading = (async () => {
      const lines = readServiceLogs(via(way), async () => [await sourceOf(id)], {follow: true, signal: stop.signal})
      for await (const {text} of lines) {
        seen.push(Number(text.split(' ')[1]))
        if (text === 'line 1500') stop.abort()
      }
    })()

    await expect(reading).rejects.toMatchObject({code: 'ABORTED'})
    expect(seen).toEqual(Array.from({length: 1500}, (_, at) => at + 1))
  },
  30_000,
)
