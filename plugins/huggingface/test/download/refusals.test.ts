import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {createWorld, type World} from '../world.ts'

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

describe('a download writes nothing that it should not', () => {
  it.each(['../out.bin', '/etc/out.bin', 'a/../../out.bin', 'a\\..\\out.bin', 'a//b', '.omni-download/x', 'a\u0000b'])(
    'writes nothing for a repository with the name %j',
    async (name) => {
      world.hub.add('ivory/evil', {'config.json': '{}', [name]: 'evil'})

      await expect(world.download({}, 'ivory/evil')).rejects.toMatchObject({code: 'IO'})
      expect(readdirSync(world.dir)).toEqual([])
    },
  )

  it('writes nothing through a symbolic link', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'omni-elsewhere-'))
    symlinkSync(elsewhere, join(world.dir, 'sub'))
    world.hub.add('ivory/deep', {'sub/config.json': '{}'})
    try {
      await expect(world.download({}, 'ivory/deep')).rejects.toMatchObject({code: 'IO'})
      expect(readdirSync(elsewhere)).toEqual([])
    } finally {
      rmSync(elsewhere, {recursive: true})
    }
  })

  it('takes no two files for one on a disk that folds capitals', async () => {
    mkdirSync(join(world.dir, '.omni-download'))
    // Such a disk finds the folder under this name, too.
    symlinkSync('.omni-download', join(world.dir, '.OMNI-DOWNLOAD'))
    world.hub.add('ivory/twins', {'config.json': '{}', 'Config.json': '[]'})

    await expect(world.download({}, 'ivory/twins')).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining("'config.json'"),
    })
    expect(existsSync(join(world.dir, 'config.json'))).toBe(false)
  })

  it('does not overwrite what somebody else has put there', async () => {
    writeFileSync(join(world.dir, 'config.json'), '[]')

    await expect(world.download()).rejects.toMatchObject({code: 'CONFLICT'})
    expect(readFileSync(join(world.dir, 'config.json'), 'utf8')).toBe('[]')
  })

  it('is alone in its folder; a lock of a process that is gone is taken over', async () => {
    mkdirSync(join(world.dir, '.omni-download'))
    writeFileSync(join(world.dir, '.omni-download', 'lock'), `${process.ppid}\n`)
    await expect(world.download()).rejects.toMatchObject({code: 'LOCKED'})

    writeFileSync(join(world.dir, '.omni-download', 'lock'), '2147483646\n')
    expect(await world.download()).toMatchObject({files: 2})
  })

  it('does not take over a lock whose owner is about to write its name', async () => {
    mkdirSync(join(world.dir, '.omni-download'))
    writeFileSync(join(world.dir, '.omni-download', 'lock'), '')

    await expect(world.download()).rejects.toMatchObject({code: 'LOCKED'})
  })

  it('begins nothing when there is not enough room', async () => {
    const repo = world.hub.add('ivory/huge', {})
    repo.files.set('model.safetensors', {
      content: {size: 2 ** 50, pieces: () => []},
      isLarge: true,
      hash: 'a'.repeat(64),
    })

    await expect(world.download({}, 'ivory/huge')).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('still to come'),
    })
    expect(world.hub.requests.filter(({host}) => host === 'cdn')).toEqual([])
  })

  it.each([
    ['gated', {gated: 'auto' as const}, 'FORBIDDEN'],
    ['absent', undefined, 'NOT_FOUND'],
  ])('of a repository that is %s makes nothing', async (name, more, code) => {
    if (more !== undefined) world.hub.add(`ivory/${name}`, {'config.json': '{}'}, more)

    await expect(world.download({}, `ivory/${name}`)).rejects.toMatchObject({code})
    expect(existsSync(join(world.dir, 'config.json'))).toBe(false)
  })
})
