import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import type {IncomingMessage, ServerResponse} from 'node:http'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {startFakeHttp} from '@omni-cli/testkit'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {startFakeHub} from './hub/fake-hub.ts'
import type {FakeHub} from './hub/types.ts'
import {openSource} from './open-source.ts'

let hub: FakeHub
beforeEach(async () => {
  hub = await startFakeHub()
  for (let i = 0; i < 7; i++) hub.add(`ivory/m${i}`, {'config.json': '{}'}, {info: {downloads: 100 - i}})
  hub.add('ebony/m9', {'config.json': '{}'}, {info: {downloads: 50}})
})
afterEach(() => hub[Symbol.asyncDispose]())

/** The first requests are answered like that. */
function answerFirst(times: number, answer: (request: IncomingMessage, response: ServerResponse) => void): void {
  let left = times
  hub.before = (request, response) => {
    if (left-- <= 0) return false
    answer(request, response)
    return true
  }
}

describe('a search', () => {
  const names = async (query: string, options = {}) =>
    (await (await openSource(hub)).search?.(query, options))?.map(({ref}) => ref.split('/').at(-1))

  it('is one request, and names what was found, most downloads first', async () => {
    expect(await names('m', {limit: 3})).toEqual(['m0', 'm1', 'm2'])
    expect(hub.requests.length).toBe(1)
  })

  it('takes more pages where one is not enough', async () => {
    hub.before = (request) => {
      // A hub that gives fewer than it is asked for.
      request.url = request.url?.replace('limit=500', 'limit=2')
      return false
    }

    expect((await names('', {limit: 500}))?.length).toBe(8)
  })

  it('by vendor and downloads leaves the others out', async () => {
    expect(await names('', {vendor: 'ebony'})).toEqual(['m9'])
    expect(await names('', {minDownloads: 99})).toEqual(['m0', 'm1'])
  })
})

describe('the hub', () => {
  it('that limits requests is asked again when it says so', async () => {
    answerFirst(2, (_, response) => response.writeHead(429, {'retry-after': '0'}).end())

    expect((await (await openSource(hub)).resolve('ivory/m0')).ref).toBe('hf://ivory/m0')
  })

  it('that limits for longer than anybody waits is told with the time', async () => {
    answerFirst(99, (_, response) => response.writeHead(429, {ratelimit: '"api";r=0;t=290'}).end())

    await expect((await openSource(hub)).resolve('ivory/m0')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('4m50s'),
    })
    expect(hub.requests.length).toBe(1)
  })

  it.each([
    ['no JSON', '<html>'],
    ['JSON of another form', '{"id": 7}'],
  ])('that answers with %s is UNAVAILABLE', async (_, text) => {
    answerFirst(1, (_request, response) => response.end(text))

    await expect((await openSource(hub)).resolve('ivory/m0')).rejects.toMatchObject({code: 'UNAVAILABLE'})
  })

  it.each([{sha: '../../x'}, {sha: 'main\nfoo'}, {id: '../../evil'}, {id: 'ivory/m0\u001b[31m'}])(
    'that tells %j is not believed',
    async (info) => {
      hub.add('ivory/lie', {'config.json': '{}'}, {info})

      await expect((await openSource(hub)).resolve('ivory/lie')).rejects.toMatchObject({code: 'UNAVAILABLE'})
    },
  )

  it('is not followed to another host with what is no file', async () => {
    let isAsked = false
    await using other = await startFakeHttp((_, response) => {
      isAsked = true
      response.end('{}')
    })
    answerFirst(1, (_, response) => response.writeHead(307, {location: `${other.url}/api/models/ivory/m0`}).end())

    await expect((await openSource(hub)).resolve('ivory/m0')).rejects.toMatchObject({code: 'UNAVAILABLE'})
    expect(isAsked).toBe(false)
  })

  it('is not followed for ever', async () => {
    answerFirst(99, (request, response) => response.writeHead(307, {location: request.url}).end())

    await expect((await openSource(hub)).resolve('ivory/m0')).rejects.toMatchObject({code: 'UNAVAILABLE'})
    expect(hub.requests.length).toBeLessThan(10)
  })

  it('is not asked at all with HF_HUB_OFFLINE', async () => {
    const source = await openSource(hub, {env: {HF_HUB_OFFLINE: '1'}})

    await expect(source.resolve('ivory/m0')).rejects.toMatchObject({message: expect.stringContaining('HF_HUB_OFFLINE')})
    await expect(source.search?.('m')).rejects.toMatchObject({code: 'UNAVAILABLE'})
    expect(hub.requests).toEqual([])
  })

  it.each(['ftp://hub', 'hub', 'http://user:pass@hub', 'http://hub/?a=b'])('is not at %s', async (endpoint) => {
    await expect(openSource(hub, {env: {HF_ENDPOINT: endpoint}})).rejects.toMatchObject({code: 'CONFIG_INVALID'})
  })
})

describe('the token', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'omni-token-'))
  })
  afterEach(() => rmSync(dir, {recursive: true}))

  it.each<[string, (dir: string) => Parameters<typeof openSource>[1]]>([
    ['HF_TOKEN', () => ({})],
    ['the file that HF_TOKEN_PATH names', (folder) => ({token: null, env: {HF_TOKEN_PATH: join(folder, 'token')}})],
    ['the folder that HF_HOME names', (folder) => ({token: null, env: {HF_HOME: folder}})],
    ['a variable of the settings', () => ({token: null, env: {MINE: hub.token}, settings: {token: {env: 'MINE'}}})],
    ['a file of the settings', (folder) => ({token: null, settings: {token: {file: join(folder, 'token')}}})],
  ])('is taken from %s', async (_, opened) => {
    writeFileSync(join(dir, 'token'), `${hub.token}\n`)
    const source = await openSource(hub, opened(dir))

    await source.resolve('ivory/m0')

    expect(hub.requests[0]?.authorization).toBe(`Bearer ${hub.token}`)
    expect((await source.credential?.())?.token).toBe(hub.token)
  })

  it('need not be there', async () => {
    const source = await openSource(hub, {token: null})

    await source.resolve('ivory/m0')

    expect(hub.requests[0]?.authorization).toBeUndefined()
    expect(await source.credential?.()).toBeUndefined()
  })

  it('that is named and not there is CONFIG_INVALID', async () => {
    const source = await openSource(hub, {token: null, env: {HF_TOKEN_PATH: join(dir, 'none')}})

    await expect(source.resolve('ivory/m0')).rejects.toMatchObject({code: 'CONFIG_INVALID'})
  })
})
