import {existsSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {largeContent} from '../hub/content.ts'
import type {Fault} from '../hub/types.ts'
import {CHUNK, createWorld, type World} from '../world.ts'

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

describe('a download from a hub with faults', () => {
  it.each<[string, Fault]>([
    ['a connection that is cut', {cutAfter: 300 * 1024 + 5}],
    ['a connection that is cut at once', {cutAfter: 0}],
    ['429', {status: 429, headers: {'retry-after': '0'}}],
    ['429 that names its window', {status: 429, headers: {ratelimit: '"resolvers";r=0;t=0'}}],
    ['503', {status: 503, headers: {'retry-after': '0'}}],
    ['500', {status: 500}],
    ['416', {status: 416}],
    ['other bytes than asked for', {contentRange: `bytes 5-${CHUNK}/${3 * CHUNK + 17}`}],
    ['no Content-Range', {contentRange: ''}],
    ['the whole instead of a part', {status: 200}],
    ['a packed body', {headers: {'content-encoding': 'gzip'}}],
  ])('survives %s', async (_, fault) => {
    world.failOnce(fault)

    const got = await world.download()

    expect(got.repairedChunks).toBe(0)
    expect(world.isWhole()).toBe(true)
  })

  it('reads on from where a cut connection has ended', async () => {
    world.failOnce({cutAfter: 400 * 1024})

    // What was on its way is not fetched twice; the connection may lose a little that it had not handed over.
    expect((await world.download()).fetchedBytes).toBeLessThanOrEqual(world.weights.size + 2 + 64 * 1024)
  })

  it('asks for a new link when one has expired', async () => {
    world.hub.linkUses = 1

    await world.download({connections: 1})

    expect(world.isWhole()).toBe(true)
    expect(world.hub.requests.filter(({line}) => line.startsWith('HEAD')).length).toBeGreaterThan(1)
  })

  it.each<[string, Fault]>([
    ['another ETag', {etag: '"cdn-2"'}],
    ['another size', {contentRange: `bytes ${CHUNK}-${2 * CHUNK - 1}/${4 * CHUNK}`}],
  ])('begins a file anew that has %s half way', async (_, fault) => {
    const notes: string[] = []
    let isOver = false
    world.hub.fault = ({first}) => {
      if (isOver || first !== CHUNK) return undefined
      isOver = true
      return fault
    }

    await world.download({connections: 1, onProgress: (note) => notes.push(note)})

    expect(world.isWhole()).toBe(true)
    expect(notes.join('\n')).toContain('it is fetched anew')
  })
})

describe('a download from a hub that is none, or a poor one', () => {
  it('reads the whole once from a hub that knows no ranges', async () => {
    world.weights = largeContent(40 * CHUNK)
    world.hub.add('ivory/one', {'model.safetensors': world.weights})
    world.hub.fault = () => ({status: 200})

    const got = await world.download({maxRun: 2})

    expect(world.isWhole()).toBe(true)
    expect(got.fetchedBytes).toBeLessThan(2 * world.weights.size)
  })

  it.each(['file:///etc/passwd', 'gopher://x/', 'http://[bad'])('does not follow it to %s', async (location) => {
    world.hub.before = (request, response) => {
      if (request.url?.includes('/resolve/') !== true) return false
      response.writeHead(302, {location}).end()
      return true
    }

    await expect(world.download()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('cannot be used'),
    })
  })

  it('gives up on a hub that sends a byte now and then', async () => {
    const size = 100_000
    world.hub.add('ivory/slow', {'config.json': 'x'.repeat(size)})
    world.hub.before = (request, response) => {
      if (request.url?.includes('/resolve/') !== true) return false
      const asked = request.headers.range?.replace('bytes=', '')
      response.writeHead(206, {'content-range': `bytes ${asked}/${size}`})
      const timer = setInterval(() => response.write('x'), 10)
      response.on('close', () => clearInterval(timer))
      return true
    }

    await expect(world.download({silenceMs: 50}, 'ivory/slow')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('next to nothing'),
    })
  })

  it('gives up on a file that changes all the time', async () => {
    world.hub.fault = ({count}) => ({etag: `"${count}"`})

    await expect(world.download()).rejects.toMatchObject({code: 'UNAVAILABLE'})
    expect(existsSync(world.model)).toBe(false)
  })
})
