import {type LogLine, type LogOptions, OmniError} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {createLogs} from '../../src/provider/pods/logs.ts'
import {at, fakePods, openLog, pod, podsOf} from './fake-pods.ts'

const textOf = ({replica, text}: LogLine) => `${replica} ${text}`
const read = async (fake: ReturnType<typeof fakePods>, options: LogOptions = {}) =>
  (await Array.fromAsync(createLogs(fake.client, podsOf).read('web', options))).map(textOf)

describe('logs', () => {
  it('of all pods are merged by time, the oldest pod is number 0', async () => {
    const fake = fakePods([pod('b', {age: 1}), pod('a', {age: 2})], {
      a: () => at(1, 'one') + at(3, 'three') + at(5, 'five'),
      b: () => at(2, 'two') + at(4, 'four'),
    })
    expect(await read(fake)).toEqual(['web-0 one', 'web-1 two', 'web-0 three', 'web-1 four', 'web-0 five'])
    expect(fake.asked[0]).toMatchObject({container: 'app', timestamps: true})
  })

  it.each(['web-1', '1', 'b'])('of the replica %s alone', async (replica) => {
    const fake = fakePods([pod('a', {age: 2}), pod('b', {age: 1})], {a: () => at(1, 'one'), b: () => at(2, 'two')})
    expect(await read(fake, {replica})).toEqual(['web-1 two'])
  })

  it('of a replica that is not there is NOT_FOUND that names those there are', async () => {
    const fake = fakePods([pod('a')], {})
    await expect(read(fake, {replica: '7'})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: "'web' has no replica '7'; it has web-0",
    })
  })

  it('begin with those of the container before, when it was restarted', async () => {
    const fake = fakePods([pod('a', {restartCount: 2})], {
      a: ({previous}) => (previous === true ? at(1, 'before') : at(2, 'now')),
    })
    expect(await read(fake)).toEqual(['web-0 before', 'web-0 now'])
    expect(await read(fake, {tail: 1})).toEqual(['web-0 now'])
  })

  it('of a container that waits for its next start are told once', async () => {
    const waiting = {
      restartCount: 2,
      state: {waiting: {reason: 'CrashLoopBackOff'}},
      lastState: {terminated: {exitCode: 1}},
    }
    const fake = fakePods([pod('a', waiting)], {a: () => at(1, 'boom')})
    expect(await read(fake)).toEqual(['web-0 boom'])
  })

  it('are those of the init container while the main one has not started', async () => {
    const init = {state: {terminated: {exitCode: 1}}}
    const fake = fakePods([pod('a', {init, state: {waiting: {reason: 'PodInitializing'}}})], {
      a: ({container}) => at(1, `from ${container}`),
    })
    expect(await read(fake)).toEqual(['web-0 from prepare'])
  })

  it('since a time leave out what the server, which only knows seconds, tells too much', async () => {
    const fake = fakePods([pod('a')], {a: () => at(1, 'one') + at(2, 'two')})
    expect(await read(fake, {since: '2026-01-01T12:00:01.500Z'})).toEqual(['web-0 two'])
  })

  it('of a pod that is just being removed may be gone; of the only one that runs they may not', async () => {
    const gone = () => new OmniError('UNAVAILABLE', 'no container')
    const leaving = pod('b', {leaving: true})
    expect(await read(fakePods([pod('a'), leaving], {a: () => at(1, 'one'), b: gone}))).toEqual(['web-0 one'])
    await expect(read(fakePods([pod('a')], {a: gone}))).rejects.toMatchObject({code: 'UNAVAILABLE'})
  })

  it('of the only pod are none when it went away meanwhile; the failure is told when it runs on', async () => {
    const ended = () => new OmniError('INVALID', 'container "app" in pod "a" is terminated')
    const [before, after] = [pod('a'), pod('a', {leaving: true})]
    const going = fakePods([before], {a: ended})
    const looks = [[before], [after]]
    const client = {...going.client, list: async () => looks.shift() ?? [after]} as typeof going.client
    expect(await read({...going, client})).toEqual([])
    await expect(read(fakePods([pod('a')], {a: ended}))).rejects.toMatchObject({code: 'INVALID'})
  })

  it('leave out what the kubelet says of a log that is gone', async () => {
    const fake = fakePods([pod('a')], {a: () => `${at(1, 'one')}rpc error: code = NotFound desc = no container`})
    expect(await read(fake)).toEqual(['web-0 one'])
  })
})

/** Reads until so many lines have come. */
async function follow(
  fake: ReturnType<typeof fakePods>,
  count: number,
  onLine: (text: string) => void = () => undefined,
) {
  const control = new AbortController()
  const got: string[] = []
  for await (const line of createLogs(fake.client, podsOf).read('web', {follow: true, signal: control.signal})) {
    got.push(textOf(line))
    onLine(textOf(line))
    if (got.length === count) break
  }
  control.abort()
  return got
}

describe('following', () => {
  it('goes on over a lost connection, with each line once', async () => {
    let calls = 0
    const fake = fakePods([pod('a')], {
      a({since}) {
        calls++
        if (calls === 1) return at(1, 'one') + at(2, 'two') + at(2, 'two again')
        if (calls === 2) return new OmniError('UNAVAILABLE', 'the server is away')
        expect(since).toBe('2026-01-01T12:00:02.000000001Z')
        return openLog(at(2, 'two'), at(2, 'two again'), at(2, 'two once more'), at(3, 'three'))
      },
    })
    expect(await follow(fake, 5)).toEqual(
      ['one', 'two', 'two again', 'two once more', 'three'].map((text) => `web-0 ${text}`),
    )
  })

  it('picks up pods that come later', async () => {
    const fake = fakePods([pod('a', {age: 5})], {a: () => openLog(at(1, 'old')), b: () => openLog(at(2, 'new'))})
    const lines = await follow(fake, 2, (line) => {
      if (line.endsWith('old')) fake.tell('added', pod('b'))
    })
    expect(lines).toEqual(['web-0 old', 'web-1 new'])
  })

  it('waits for a container to start', async () => {
    const fake = fakePods([pod('a', {phase: 'Pending', state: {waiting: {reason: 'ContainerCreating'}}})], {
      a: () => openLog(at(1, 'up')),
    })
    const reading = follow(fake, 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(fake.asked).toEqual([])
    fake.tell('modified', pod('a'))
    expect(await reading).toEqual(['web-0 up'])
  })

  it('takes what a container wrote at its end while nobody listened', async () => {
    const answers = [at(1, 'one'), at(2, 'last words'), at(3, 'again')]
    const fake = fakePods([pod('a')], {
      a: ({previous}) => (previous === true ? (answers.splice(0, 1)[0] ?? '') : (answers.splice(0, 1)[0] ?? openLog())),
    })
    const lines = await follow(fake, 3, (line) => {
      if (line.endsWith('one')) fake.tell('modified', pod('a', {restartCount: 1}))
    })
    expect(lines).toEqual(['web-0 one', 'web-0 last words', 'web-0 again'])
    expect(fake.asked.map(({previous}) => previous ?? false)).toContain(true)
  })

  it('ends at once when it is interrupted', async () => {
    const control = new AbortController()
    const fake = fakePods([pod('a')], {a: () => openLog()})
    const reading = createLogs(fake.client, podsOf).read('web', {follow: true, signal: control.signal})
    const next = reading[Symbol.asyncIterator]().next()
    control.abort()
    await expect(next).rejects.toMatchObject({code: 'ABORTED'})
  })

  it('what is forbidden ends it', async () => {
    const fake = fakePods([pod('a')], {a: () => new OmniError('FORBIDDEN', 'cannot get pods/log')})
    await expect(follow(fake, 1)).rejects.toMatchObject({code: 'FORBIDDEN'})
  })
})
