import {existsSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {poll} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {bytesOf, largeContent} from '../hub/content.ts'
import {CHUNK, createWorld, type World} from '../world.ts'

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

describe('a download', () => {
  it('has every file with the bytes of the hub, in folders and empty ones too', async () => {
    world.hub.add('ivory/many', {'config.json': '{"a": 1}', 'empty.txt': '', 'a/b/model.safetensors': world.weights})

    const got = await world.download({}, 'hf://ivory/many')

    expect(got).toMatchObject({
      files: 3,
      bytes: world.weights.size + 8,
      fetchedBytes: world.weights.size + 8,
      repairedChunks: 0,
    })
    expect(readFileSync(join(world.dir, 'a/b/model.safetensors')).equals(bytesOf(world.weights))).toBe(true)
    expect(readFileSync(join(world.dir, 'config.json'), 'utf8')).toBe('{"a": 1}')
    expect(statSync(join(world.dir, 'empty.txt')).size).toBe(0)
    expect(JSON.parse(readFileSync(join(world.dir, '.omni-download.json'), 'utf8'))).toMatchObject({
      source: `hf://ivory/many@${got.revision}`,
      complete: true,
    })
  })

  it('fetches nothing when everything is there, and reads it all', async () => {
    await world.download()

    expect(await world.download()).toMatchObject({fetchedBytes: 0, repairedChunks: 0})
  })

  it('of some files leaves the others', async () => {
    expect(await world.download({include: ['*.json']})).toMatchObject({files: 1})
    expect(existsSync(world.model)).toBe(false)
    await expect(world.download({include: ['*.gguf']})).rejects.toMatchObject({code: 'USAGE'})
  })

  it('never shows the token to the host of the files', async () => {
    await world.download()

    expect(world.hub.requests.some(({host, authorization}) => host === 'hub' && authorization !== undefined)).toBe(true)
    expect(world.hub.requests.filter(({host, authorization}) => host === 'cdn' && authorization !== undefined)).toEqual(
      [],
    )
  })

  it('replaces the files of an earlier revision, and keeps those that are the same', async () => {
    await world.download()
    world.weights = largeContent(CHUNK + 3)
    world.hub.add('ivory/one', {'config.json': '{}', 'model.safetensors': world.weights})

    expect(await world.download()).toMatchObject({fetchedBytes: world.weights.size})
    expect(world.isWhole()).toBe(true)
  })

  it('takes over a file that is there and is the right one', async () => {
    writeFileSync(world.model, bytesOf(world.weights))

    expect(await world.download()).toMatchObject({fetchedBytes: 2})
  })

  it('gives idle connections a part of what others have still to fetch', async () => {
    world.weights = largeContent(16 * CHUNK)
    world.hub.add('ivory/one', {'model.safetensors': world.weights})
    // The first request is slow: the others take over what is left of it.
    world.hub.fault = ({count}) => (count === 1 ? {stallAfter: CHUNK + 1000} : undefined)
    const stop = new AbortController()
    const outcome = world.download({connections: 4, maxRun: 8, signal: stop.signal}).catch(() => 'stopped')
    // The slow one keeps what is being fetched and less than one chunk more.
    await poll({everyMs: 20, timeoutMs: 10_000}, () => world.notedChunks() >= 14)
    stop.abort()
    expect(await outcome).toBe('stopped')
    world.hub.fault = () => undefined

    const {fetchedBytes} = await world.download()

    expect(fetchedBytes).toBeLessThanOrEqual(2 * CHUNK)
    expect(world.isWhole()).toBe(true)
  })

  it('of many small files asks once for each', async () => {
    world.hub.add('ivory/many', Object.fromEntries(Array.from({length: 60}, (_, i) => [`f/${i}.txt`, `file ${i}`])))

    expect(await world.download({connections: 16}, 'ivory/many')).toMatchObject({files: 60})
    expect(world.hub.requests.filter(({line}) => line.includes('/resolve/')).length).toBe(60)
  })
})
