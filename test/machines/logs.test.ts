import {type InstanceProvider, instanceSpec, type LogLine, OmniError, requireFacet, serviceSpec} from '@omni-cli/sdk'
import {createMemoryInstances, createMemoryServices, type MemoryInstancesOptions} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import type {SourceLine} from '../../src/apps/log-lines.ts'
import {mergeByTime, mergeFollowed} from '../../src/machines/logs/merge.ts'
import {journalLines, syslogLine} from '../../src/machines/logs/parse.ts'
import {type ReadLogOptions, readLogs} from '../../src/machines/logs/read.ts'
import {machineOf, serviceOf, type Workload} from '../../src/machines/workload.ts'

const journal = (fields: object) => JSON.stringify({__REALTIME_TIMESTAMP: '1767225600000000', ...fields})

test.each([
  [{MESSAGE: 'up', SYSLOG_IDENTIFIER: 'sshd', _PID: '7', PRIORITY: '6'}, [['sshd[7]: up', 'info', 'stdout']]],
  [{MESSAGE: 'boom', PRIORITY: '3'}, [['boom', 'error', 'stderr']]],
  [{MESSAGE: [104, 105], _COMM: 'x'}, [['x: hi', undefined, 'stdout']]],
  [
    {MESSAGE: 'a\nb', PRIORITY: '4'},
    [
      ['a', 'warn', 'stdout'],
      ['  b', 'warn', 'stdout'],
    ],
  ],
  [{MESSAGE: null}, [['', undefined, 'stdout']]],
])('an entry of the journal %j', (fields, expected) => {
  const lines = journalLines('web', journal(fields))
  expect(lines.map(({text, level, stream}) => [text, level, stream])).toEqual(expected)
  expect(lines[0]).toMatchObject({time: '2026-01-01T00:00:00.000Z', replica: 'web'})
})

test.each(['', 'no json', 'null', '7', '{}', '{"MESSAGE":"x"}'])('%j is no entry', (text) => {
  expect(journalLines('web', text)).toEqual([])
})

const before = {time: '2026-01-01T00:00:00.000Z', nowMs: Date.parse('2026-01-05T12:00:00Z')}

test.each([
  ['Jan  5 08:00:00 web daemon.err httpd: boom', '2026-01-05T08:00:00.000Z', 'httpd: boom', 'error'],
  ['Jan  5 08:00:00 web sshd[7]: up', '2026-01-05T08:00:00.000Z', 'sshd[7]: up', undefined],
  ['Dec 31 23:59:59 web cron: late', '2025-12-31T23:59:59.000Z', 'cron: late', undefined],
  ['2026-01-05T09:00:00.5+01:00 web app: hi', '2026-01-05T08:00:00.500Z', 'app: hi', undefined],
  ['  at main.js:1', before.time, '  at main.js:1', undefined],
  ['', before.time, '', undefined],
])('a line of the system log: %j', (line, time, text, level) => {
  expect(syslogLine('web', line, before)).toMatchObject({time, text, level})
})

const at = (second: number, replica: string): SourceLine => ({
  ...{time: new Date(second * 1000).toISOString(), replica, stream: 'stdout', text: `${replica}${second}`},
})
async function* pieces(...all: readonly (readonly SourceLine[])[]) {
  yield* all
}
const texts = async (lines: AsyncIterable<readonly LogLine[]>) =>
  (await Array.fromAsync(lines)).flat().map(({text}) => text)

test('several logs come out in the order of their times', async () => {
  const [a, b] = ['a', 'b'].map((name) => (second: number) => at(second, name))
  if (a === undefined || b === undefined) throw new Error('there are two')
  expect(
    await texts(mergeByTime([pieces([a(1), a(4)], [], [a(5), a(9)]), pieces([b(2)], [b(3), b(6)]), pieces()])),
  ).toEqual(['a1', 'b2', 'b3', 'a4', 'a5', 'b6', 'a9'])
  const {signal} = new AbortController()
  expect(await texts(mergeFollowed([pieces([a(2)], [a(4)]), pieces([b(1)], [b(3)])], signal))).toEqual([
    'b1',
    'a2',
    'b3',
    'a4',
  ])
})

const JOURNAL = [
  journal({MESSAGE: 'second', __REALTIME_TIMESTAMP: '1767225602000000', PRIORITY: '3'}),
  journal({MESSAGE: 'fourth', __REALTIME_TIMESTAMP: '1767225604000000'}),
]
const SYSLOG = ['2026-01-01T00:00:01Z box first', '2026-01-01T00:00:03Z box third']

/** Machines that answer the question for their log with these lines. */
async function machine(name: string, lines: readonly string[] | Error, more: Partial<InstanceProvider> = {}) {
  const program: MemoryInstancesOptions['program'] = async ({options}) => {
    if (lines instanceof Error) throw lines
    const bytes = Buffer.from(`${lines.join('\n')}\n`)
    for (const part of [bytes.subarray(0, 20), bytes.subarray(20)]) await options.onStdout?.(part)
    return 0
  }
  const memory = createMemoryInstances({program})
  return machineOf({...memory, ...more}, await memory.create(instanceSpec.parse({name})))
}

const read = (workloads: readonly Workload[], more: Partial<ReadLogOptions> = {}) =>
  readLogs(workloads, {signal: new AbortController().signal, notice: () => undefined, ...more})

const CONSOLE = {
  async *read() {
    yield {...at(0, 'console'), text: 'from the console'}
  },
}

test('the journal is read, or the file, or else the console', async () => {
  const [one, two, none] = [
    await machine('one', ['omni:journal', ...JOURNAL]),
    await machine('two', ['omni:file', ...SYSLOG]),
    await machine('none', ['omni:none'], {logs: CONSOLE}),
  ]
  expect(await texts(read([one]))).toEqual(['second', 'fourth'])
  expect(await texts(read([two]))).toEqual(['first', 'third'])
  expect(await texts(read([none]))).toEqual(['from the console'])
  expect(await texts(read([one, two]))).toEqual(['first', 'second', 'third', 'fourth'])
  expect(await texts(read([one], {since: '2026-01-01T00:00:03.000Z'}))).toEqual(['fourth'])
})

test('a machine that is stopped, or in which nothing can be run, shows its console', async () => {
  const stopped = await machine('web', new Error('must not be run'), {logs: CONSOLE})
  expect(await texts(read([{...stopped, state: {...stopped.state, status: 'stopped'}}]))).toEqual(['from the console'])
  const mute = await machine('web', new OmniError('UNAVAILABLE', 'no agent'), {logs: CONSOLE})
  expect(await texts(read([mute]))).toEqual(['from the console'])
  const {logs: _, ...bare} = (await machine('web', new OmniError('UNAVAILABLE', 'no agent'))).driver
  await expect(texts(read([{...mute, driver: bare}]))).rejects.toMatchObject({message: 'no agent'})
})

test('one of several that cannot be read does not keep the others from it', async () => {
  const notices: string[] = []
  const bad = await machine('bad', ['omni:none'], {logs: {read: () => fail()}})
  const seen: string[] = []
  const reading = async () => {
    const good = await machine('good', ['omni:file', ...SYSLOG])
    for await (const lines of read([bad, good], {notice: (text) => notices.push(text)})) {
      seen.push(...lines.map(({text}) => text))
    }
  }
  await expect(reading()).rejects.toMatchObject({code: 'PARTIAL', details: {failed: ['bad']}})
  expect([seen, notices]).toEqual([['first', 'third'], ['bad: the console is closed']])
})

// biome-ignore lint/correctness/useYield: it fails before
async function* fail(): AsyncGenerator<LogLine> {
  throw new OmniError('UNAVAILABLE', 'the console is closed')
}

test('services and machines are read together; a replica is only of services', async () => {
  const engine = createMemoryServices()
  const state = await engine.create(serviceSpec.parse({name: 'web', image: 'x'}))
  const logs = {
    async *read() {
      yield {...at(1_767_225_602, 'web-0'), text: 'of the service'}
    },
  }
  const both = [serviceOf({...engine, logs}, state), await machine('box', ['omni:file', ...SYSLOG])]
  expect(await texts(read(both))).toEqual(['first', 'of the service', 'third'])
  await expect(texts(read(both, {replica: '1'}))).rejects.toMatchObject({code: 'USAGE'})
})

test('who stops reading ends the program inside', async () => {
  let isEnded = false
  const memory = createMemoryInstances({
    async program({options}) {
      options.signal?.addEventListener('abort', () => {
        isEnded = true
      })
      await options.onStdout?.(Buffer.from(`omni:file\n${SYSLOG[0]}\n`))
      return new Promise(() => undefined)
    },
  })
  const run: NonNullable<InstanceProvider['exec']>['run'] = (name, argv, options) =>
    Promise.race([
      requireFacet(memory, 'exec').run(name, argv, options),
      new Promise<never>((_, reject) =>
        options?.signal?.addEventListener('abort', () => reject(new OmniError('ABORTED', 'interrupted'))),
      ),
    ])
  const box = machineOf({...memory, exec: {run}}, await memory.create(instanceSpec.parse({name: 'box'})))
  for await (const lines of read([box], {follow: true})) {
    expect(lines.map(({text}) => text)).toEqual(['first'])
    break
  }
  expect(isEnded).toBe(true)
})
