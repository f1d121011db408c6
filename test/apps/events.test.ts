import {type EventFacet, type EventOptions, OmniError, type OmniEvent} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {eventRef, eventSource, eventsView, readEvents} from '../../src/apps/events.ts'

const event = (id: number, type = 'replica.ready', minute = id): OmniEvent => ({
  id,
  time: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
  ref: 'service/web',
  type,
  message: `m${id}`,
})

/** A server that has these events; what `onFollow` does stands for its later life. */
const serverOf = (events: OmniEvent[], onFollow?: (call: number) => OmniEvent[] | OmniError): EventFacet => {
  let follows = 0
  return {
    async *read({since = 0, follow}: EventOptions = {}) {
      if (follow !== true) return yield* events.filter(({id}) => id > since)
      const next = onFollow?.(++follows) ?? []
      if (next instanceof OmniError) throw next
      yield* next.filter(({id}) => id > since)
    },
  }
}

it.each([
  ['service', 'web', {contract: 'service', ref: 'service/web'}],
  ['svc', 'web', {contract: 'service', ref: 'service/web'}],
  ['vm', 'web', {contract: 'instance', ref: 'instance/web'}],
])('%s %s names whose events are meant', (kind, name, expected) => {
  expect(eventSource(kind, name)).toEqual(expected)
})

const query = {follow: false, signal: new AbortController().signal, notice: () => undefined}
const idsOf = async (events: AsyncIterable<OmniEvent>) => (await Array.fromAsync(events)).map(({id}) => id)

describe('events', () => {
  it('are the newest 100 when nothing says since when', async () => {
    const all = Array.from({length: 150}, (_, index) => event(index + 1))
    expect(await idsOf(readEvents(serverOf(all), query))).toEqual(all.slice(50).map(({id}) => id))
  })

  it('are all since a time', async () => {
    const all = Array.from({length: 150}, (_, index) => event(index + 1))
    const since = event(11).time
    expect(await idsOf(readEvents(serverOf(all), {...query, since}))).toHaveLength(140)
  })

  it.each([
    ['replica.*', [1, 3]],
    ['*.started', [2]],
    ['deploy.started', [2]],
    ['deploy', []],
    ['*', [1, 2, 3]],
    ['replica.ready(', []],
  ])('of the type %s', async (type, ids) => {
    const server = serverOf([event(1), event(2, 'deploy.started'), event(3, 'replica.exited')])
    expect(await idsOf(readEvents(server, {...query, type}))).toEqual(ids)
  })

  it('are followed over the end of a server, and each comes once', async () => {
    const server = serverOf([event(1)], (call) =>
      call === 1
        ? [event(2)]
        : call === 2
          ? new OmniError('UNAVAILABLE', 'gone')
          : call === 3
            ? [event(2), event(3)]
            : new OmniError('UNAUTHORIZED', 'the token has ended'),
    )
    const seen: number[] = []
    const reading = async () => {
      for await (const {id} of readEvents(server, {...query, follow: true})) seen.push(id)
    }

    await expect(reading()).rejects.toMatchObject({code: 'UNAUTHORIZED'})
    expect(seen).toEqual([1, 2, 3])
  })

  it('end with the signal', async () => {
    const interrupt = new AbortController()
    const server = serverOf([event(1)], () => {
      interrupt.abort()
      return []
    })
    const reading = idsOf(readEvents(server, {...query, follow: true, signal: interrupt.signal}))
    await expect(reading).rejects.toMatchObject({code: 'ABORTED'})
  })

  it('stand out when they are bad', () => {
    const {columns} = eventsView(serverOf([]).read())
    const type = columns.find(({header}) => header === 'TYPE')
    expect(
      ['deploy.failed', 'replica.exited', 'replica.ready', 'x'].map((name) => type?.tone?.(event(1, name))),
    ).toEqual(['bad', 'warn', 'good', 'plain'])
  })
})

describe('what events are about', () => {
  it.each([
    ['web', 'service/web'],
    ['service/web', 'service/web'],
    ['node/worker-1', 'node/worker-1'],
  ])('%s → %s', (text, ref) => expect(eventRef(text)).toBe(ref))

  it.each(['', '/', 'a/b/c', '../x', 'Service/web', 'web\u001b[2J', '-x'])('%j is refused', (text) => {
    expect(() => eventRef(text)).toThrow(/names nothing/)
  })
})

it.each([
  [undefined, {contract: 'service', ref: undefined}],
  ['web', {contract: 'service', ref: 'service/web'}],
  ['instances', {contract: 'instance', ref: undefined}],
  ['vm/web', {contract: 'instance', ref: 'instance/web'}],
])('the events of %j are those of %j', (text, source) => {
  expect(eventSource(text)).toEqual(source)
})
