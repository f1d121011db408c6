import {describe, expect, it} from 'vitest'
import {type ClusterEvent, serviceOf, toEvent} from '../../src/provider/pods/event-map.ts'
import {choosePod, createExec} from '../../src/provider/pods/exec.ts'
import {linesOf, parseLine} from '../../src/provider/pods/log-times.ts'
import {findReplica, numberPods} from '../../src/provider/pods/order.ts'
import {group, pod, podsOf} from './fake-pods.ts'

describe('the numbers of pods', () => {
  it('go by age, then name; those that leave or have ended come last', () => {
    const pods = [
      pod('c', {age: 1}),
      pod('gone', {age: 9, leaving: true}),
      pod('b', {age: 3}),
      pod('a', {age: 3}),
      pod('done', {age: 8, phase: 'Succeeded'}),
    ]
    const numbered = numberPods('web', pods)
    expect(numbered.map(({replica, pod: {metadata}}) => `${replica} ${metadata.name}`)).toEqual([
      'web-0 a',
      'web-1 b',
      'web-2 c',
      'web-3 gone',
      'web-4 done',
    ])
    expect(['web-1', '1', 'b'].map((name) => findReplica(numbered, name)?.pod.metadata.name)).toEqual(['b', 'b', 'b'])
    expect(findReplica(numbered, 'web-9')).toBeUndefined()
  })
})

describe('the pod for a program', () => {
  it('runs, is ready, and is the one that was named', () => {
    const numbered = numberPods('web', [pod('a', {age: 2, phase: 'Pending'}), pod('b', {age: 1})])
    expect(choosePod(numbered, group, undefined).replica).toBe('web-1')
    expect(() => choosePod(numbered, group, '0')).toThrow("'web-0' does not run")
    expect(() => choosePod([], group, undefined)).toThrow("no replica of 'web' runs")
  })

  it('gets variables and a folder by programs inside, and no other user', async () => {
    const ran: (readonly string[])[] = []
    const client = {
      list: async () => [pod('a')],
      async exec(_: unknown, argv: readonly string[]) {
        ran.push(argv)
        return {exitCode: 0}
      },
    }
    const exec = createExec(client as unknown as Parameters<typeof createExec>[0], podsOf)

    await exec.run('web', ['ls'], {env: {A: '1'}, cwd: '/tmp'})

    expect(ran).toEqual([['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', '/tmp', 'env', 'A=1', 'ls']])
    await expect(exec.run('web', ['ls'], {user: 'root'})).rejects.toMatchObject({code: 'UNSUPPORTED'})
    await expect(exec.run('web', [])).rejects.toMatchObject({code: 'USAGE'})
    await expect(exec.run('nope', ['ls'])).rejects.toMatchObject({code: 'NOT_FOUND'})
  })
})

describe('lines of logs', () => {
  it.each([
    ['2026-01-01T12:00:00.5Z x', '2026-01-01T12:00:00.500000000Z', 'x'],
    ['2026-01-01T12:00:00Z x', '2026-01-01T12:00:00.000000000Z', 'x'],
    ['2026-01-01T14:00:00.123456789+02:00   y\r', '2026-01-01T12:00:00.123456789Z', '  y'],
    ['2026-01-01T12:00:00.000000001Z ', '2026-01-01T12:00:00.000000001Z', ''],
  ])('%j', (text, stamp, rest) => {
    expect(parseLine(text, 'web-0')).toMatchObject({
      stamp,
      time: `${stamp.slice(0, 23)}Z`,
      text: rest,
      replica: 'web-0',
    })
  })

  it('without a time are none', () => {
    expect(parseLine('unable to retrieve container logs', 'web-0')).toBeUndefined()
  })

  it('are put together from pieces, also in the middle of a letter', async () => {
    const bytes = Buffer.from('one\ntw\u00f6\nend')
    const pieces = [bytes.subarray(0, 7), bytes.subarray(7)]
    const stream = (async function* () {
      yield* pieces
    })()
    expect((await Array.fromAsync(linesOf(stream))).flat()).toEqual(['one', 'tw\u00f6', 'end'])
  })
})

describe('the service that an event is about', () => {
  const served = new Set(['llama'])

  it.each([
    ['Pod', 'web-79b6db7cbb-n8prq', 'web'],
    ['Pod', 'web-2', 'web'],
    ['ReplicaSet', 'web-79b6db7cbb', 'web'],
    ['Deployment', 'web', 'web'],
    ['Pod', 'llama-engine-5d8f7c9b4-x2v4z', 'llama'],
    ['HorizontalPodAutoscaler', 'llama-engine', 'llama'],
    ['LeaderWorkerSet', 'lws-llama-engine', 'llama'],
    ['Deployment', 'other-engine', 'other-engine'],
    ['Node', 'n1', undefined],
  ])('%s/%s: %s', (kind, name, expected) => {
    expect(serviceOf(kind, name, served)).toBe(expected)
  })

  it('has the version of the server as its number, and the newest of its times', () => {
    const event: ClusterEvent = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {name: 'x', resourceVersion: '42', creationTimestamp: '2026-01-01T10:00:00Z'},
      involvedObject: {kind: 'Pod', name: 'web-79b6db7cbb-n8prq'},
      reason: 'FailedScheduling',
      message: 'no room',
      type: 'Warning',
      count: 3,
      firstTimestamp: '2026-01-01T11:00:00Z',
      lastTimestamp: '2026-01-01T12:00:00Z',
      eventTime: null,
    }
    expect(toEvent(event, new Set())).toEqual({
      id: 42,
      time: '2026-01-01T12:00:00.000Z',
      ref: 'service/web',
      type: 'pod.failed-scheduling',
      message: 'web-79b6db7cbb-n8prq: no room',
      details: {object: 'Pod/web-79b6db7cbb-n8prq', severity: 'warning', count: 3},
    })
  })
})
