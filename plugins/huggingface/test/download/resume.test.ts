import {existsSync, readFileSync, truncateSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {largeContent} from '../hub/content.ts'
import {CHUNK, createWorld, flipOnDisk, type World} from '../world.ts'

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

describe('a download that takes up another one', () => {
  it('goes on where it was interrupted', async () => {
    await world.interrupt()
    expect(existsSync(world.model)).toBe(false)

    const got = await world.download()

    expect(got.fetchedBytes).toBe(CHUNK + 17 + 2)
    expect(world.isWhole()).toBe(true)
  })

  it('fetches one chunk again when a byte of what was there has changed', async () => {
    await world.interrupt()
    flipOnDisk(world.part(), CHUNK + 5)

    const got = await world.download()

    expect(got).toMatchObject({fetchedBytes: 2 * CHUNK + 17 + 2, repairedChunks: 1})
    expect(world.isWhole()).toBe(true)
  })

  it('repairs a file that was whole once, by one chunk', async () => {
    await world.download()
    flipOnDisk(world.model, 2 * CHUNK + 1)

    const got = await world.download()

    expect(got).toMatchObject({fetchedBytes: CHUNK, repairedChunks: 1})
    expect(world.isWhole()).toBe(true)
  })

  it('does not believe a ledger that is ahead of the bytes, as after a power cut', async () => {
    await world.interrupt()
    writeFileSync(world.part(), Buffer.alloc(world.weights.size))

    expect(await world.download()).toMatchObject({repairedChunks: 2})
    expect(world.isWhole()).toBe(true)
  })

  it('finds chunks that were cut off the end', async () => {
    await world.interrupt()
    truncateSync(world.part(), CHUNK + 100)

    expect(await world.download()).toMatchObject({repairedChunks: 1})
    expect(world.isWhole()).toBe(true)
  })

  it('finds the chunk that arrived damaged and replaces it alone', async () => {
    let isFlipped = false
    world.hub.fault = ({first, path}) => {
      if (path !== 'model.safetensors' || first !== CHUNK || isFlipped) return undefined
      isFlipped = true
      return {flip: CHUNK + 99}
    }

    expect(await world.download()).toMatchObject({repairedChunks: 1})
    expect(world.isWhole()).toBe(true)
  })

  it('puts nothing in place that never becomes what the hub says', async () => {
    world.hub.fault = ({path}) => (path === 'model.safetensors' ? {flip: CHUNK + 99} : undefined)

    await expect(world.download()).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('never becomes'),
    })
    expect(existsSync(world.model)).toBe(false)
    expect(JSON.parse(readFileSync(join(world.dir, '.omni-download.json'), 'utf8'))).toMatchObject({complete: false})
  })
})

describe('a download of another revision', () => {
  it('goes on with the replacing of an earlier revision', async () => {
    await world.download()
    world.weights = largeContent(3 * CHUNK + 17)
    world.hub.add('ivory/one', {'config.json': '{"a": 1}', 'model.safetensors': world.weights})
    await world.interrupt()

    await world.download()

    expect(world.isWhole()).toBe(true)
    expect(readFileSync(join(world.dir, 'config.json'), 'utf8')).toBe('{"a": 1}')
  })

  it('goes on after two revisions that were cut off, and after one with fewer files', async () => {
    await world.download()
    for (const text of ['{"a": 1}', '{"a": 12}']) {
      world.weights = largeContent(3 * CHUNK + 17)
      world.hub.add('ivory/one', {'config.json': text, 'model.safetensors': world.weights})
      await world.interrupt()
      await world.download({include: ['config.json']})
    }

    await world.download()

    expect(world.isWhole()).toBe(true)
  })

  it('does not replace with another revision what somebody has changed', async () => {
    await world.download()
    writeFileSync(join(world.dir, 'config.json'), '{"mine": 1}')
    world.hub.add('ivory/one', {'config.json': '{"a": 1}', 'model.safetensors': world.weights})

    await expect(world.download()).rejects.toMatchObject({code: 'CONFLICT'})
    expect(readFileSync(join(world.dir, 'config.json'), 'utf8')).toBe('{"mine": 1}')
  })
})
