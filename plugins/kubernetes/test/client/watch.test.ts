import type {ServerResponse} from 'node:http'
import {describe, expect, it} from 'vitest'
import type {KubeClient} from '../../src/client/kube-client.ts'
import {json, openTestClient, PODS, pod, refusal, startApi} from './api-server.ts'

type Play = (response: ServerResponse, url: URL) => void

/** A server whose lists and watches are played one after the other; the last is repeated. */
const startPlays = (lists: readonly Play[], watches: readonly Play[]) => {
  const counts = {list: 0, watch: 0}
  return startApi((request, response) => {
    const url = new URL(request.url ?? '', 'http://x')
    const isWatch = url.searchParams.has('watch')
    const plays = isWatch ? watches : lists
    const index = isWatch ? counts.watch++ : counts.list++
    plays[Math.min(index, plays.length - 1)]?.(response, url)
  })
}

const listing =
  (version: string, ...pods: readonly unknown[]): Play =>
  (response) =>
    json(response, {kind: 'PodList', apiVersion: 'v1', metadata: {resourceVersion: version}, items: pods})

const line = (type: string, object: unknown): string => `${JSON.stringify({type, object})}\n`

/** Reads until `count` events have come. */
async function read(client: KubeClient, count: number): Promise<string[]> {
  const seen: string[] = []
  const controller = new AbortController()
  for await (const {type, object} of client.watch(PODS, {signal: controller.signal})) {
    seen.push(`${type} ${object.metadata.name}`.trim())
    if (seen.length >= count) controller.abort()
  }
  return seen
}

describe('a watch', () => {
  it('tells what is there, then that this was all, then what changes', async () => {
    await using api = await startPlays(
      [listing('5', pod('a', '3'))],
      [(response) => response.write(line('MODIFIED', pod('a', '6')) + line('DELETED', pod('a', '7')))],
    )
    await using lab = await openTestClient(api.url)

    expect(await read(lab.client, 4)).toEqual(['added a', 'synced', 'modified a', 'deleted a'])
  })

  it('reads events that arrive in pieces, also within a character', async () => {
    const whole = Buffer.from(line('ADDED', pod('bücher', '6')))
    const cut = whole.indexOf(0xc3) + 1
    await using api = await startPlays(
      [listing('5')],
      [
        (response) => {
          response.write(whole.subarray(0, cut))
          setTimeout(() => response.write(whole.subarray(cut)), 20)
        },
      ],
    )
    await using lab = await openTestClient(api.url)

    expect(await read(lab.client, 2)).toEqual(['synced', 'added bücher'])
  })

  it('goes on from the last version when the connection is cut, and tells nothing twice', async () => {
    const asked: (string | null)[] = []
    await using api = await startPlays(
      [listing('5')],
      [
        (response, url) => {
          asked.push(url.searchParams.get('resourceVersion'))
          response.write(`${line('ADDED', pod('a', '6'))}${line('BOOKMARK', pod('', '9'))}{"type":"ADDED","obj`)
          setTimeout(() => response.socket?.destroy(), 20)
        },
        (response, url) => {
          asked.push(url.searchParams.get('resourceVersion'))
          response.write(line('ADDED', pod('b', '10')))
        },
      ],
    )
    await using lab = await openTestClient(api.url)

    expect(await read(lab.client, 3)).toEqual(['synced', 'added a', 'added b'])
    expect(asked).toEqual(['5', '9'])
    expect(api.requests.filter((request) => !request.includes('watch='))).toHaveLength(1)
  })
})

describe('a watch that loses its place', () => {
  it('lists again when its version is gone, and tells what it has missed', async () => {
    await using api = await startPlays(
      [
        listing('5', pod('gone', '1'), pod('same', '2'), pod('changed', '3'), pod('replaced', '4')),
        listing(
          '90',
          pod('same', '2'),
          pod('changed', '80'),
          pod('replaced', '81', {uid: 'another'}),
          pod('new', '82'),
        ),
      ],
      [
        (response) => response.write(line('ERROR', refusal(410, 'Expired', 'too old resource version'))),
        (response) => response.write(line('ADDED', pod('last', '91'))),
      ],
    )
    await using lab = await openTestClient(api.url)

    expect((await read(lab.client, 11)).slice(5)).toEqual([
      'deleted gone',
      'modified changed',
      'deleted replaced',
      'added replaced',
      'added new',
      'added last',
    ])
  })

  it('takes a refusal with 410 the same way', async () => {
    await using api = await startPlays(
      [listing('5'), listing('6', pod('a', '6'))],
      [
        (response) => json(response, refusal(410, 'Gone', 'gone'), 410),
        (response) => response.write(line('DELETED', pod('a', '7'))),
      ],
    )
    await using lab = await openTestClient(api.url)

    expect(await read(lab.client, 3)).toEqual(['synced', 'added a', 'deleted a'])
  })
})

describe('the end of a watch', () => {
  it('is its beginning where the first list is refused', async () => {
    await using api = await startPlays([(response) => json(response, refusal(403, 'Forbidden', 'no'), 403)], [])
    await using lab = await openTestClient(api.url)

    await expect(read(lab.client, 1)).rejects.toMatchObject({code: 'FORBIDDEN'})
  })

  it('comes when it is refused later on', async () => {
    await using api = await startPlays(
      [listing('5')],
      [(response) => json(response, refusal(403, 'Forbidden', 'no'), 403)],
    )
    await using lab = await openTestClient(api.url)

    await expect(read(lab.client, 2)).rejects.toMatchObject({code: 'FORBIDDEN'})
  })

  it('leaves no connection behind when nobody reads on', async () => {
    let closed = false
    await using api = await startPlays(
      [listing('5')],
      [
        (response) => {
          response.once('close', () => {
            closed = true
          })
          response.write(line('ADDED', pod('a', '6')))
        },
      ],
    )
    await using lab = await openTestClient(api.url)

    for await (const {type} of lab.client.watch(PODS)) if (type === 'added') break

    await expect.poll(() => closed).toBe(true)
  })
})
