import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createHttp, type Download, type DownloadOptions, silentLogger} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {createHub} from '../src/client/hub.ts'
import {hubTarget} from '../src/client/settings.ts'
import {downloadModel} from '../src/download/download.ts'
import {bytesOf, type Content, largeContent} from './hub/content.ts'
import {type FakeHub, type Fault, startFakeHub} from './hub/fake-hub.ts'

const KiB = 1024
/** Small, so that several of them take no time. */
const CHUNK = 512 * KiB
let dir: string
let hub: FakeHub
let weights: Content
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'omni-download-'))
  hub = await startFakeHub()
  weights = largeContent(3 * CHUNK + 17)
  hub.add('ivory/one', {'config.json': '{}', 'model.safetensors': weights})
})
afterEach(async () => {
  await hub[Symbol.asyncDispose]()
  rmSync(dir, {recursive: true, force: true})
})

const model = () => join(dir, 'model.safetensors')
const isWhole = () => existsSync(model()) && readFileSync(model()).equals(bytesOf(weights))

async function download(options: DownloadOptions = {}, ref = 'ivory/one'): Promise<Download> {
  const http = createHttp({log: silentLogger, baseMs: 5})
  const target = hubTarget({env: {HF_ENDPOINT: hub.url, HF_TOKEN: hub.token}}, {})
  return downloadModel(createHub(http, target), ref, dir, {connections: 2, chunkBytes: CHUNK, ...options})
}

/** The first request for bytes of the weights goes wrong like that, the others do not. */
function failOnce(fault: Fault): void {
  let isOver = false
  hub.fault = ({path}) => {
    if (isOver || path !== 'model.safetensors') return undefined
    isOver = true
    return fault
  }
}

function flipOnDisk(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(path, bytes)
}

const partOf = () => {
  const work = join(dir, '.omni-download')
  const parts = readdirSync(work).filter((name) => name.endsWith('.part'))
  return join(work, parts.find((name) => statSync(join(work, name)).size === weights.size) ?? 'none')
}

/** Stops after two chunks of the weights have come. */
async function interrupted(): Promise<void> {
  const stop = new AbortController()
  hub.fault = ({path, first}) => {
    if (path === 'model.safetensors' && first >= 2 * CHUNK) stop.abort()
    return first >= 2 * CHUNK ? {cutAfter: 100 * KiB} : undefined
  }
  await expect(download({connections: 1, signal: stop.signal})).rejects.toMatchObject({code: 'ABORTED'})
  hub.fault = () => undefined
}

describe('a download', () => {
  it('has every file with the bytes of the hub, in folders and empty ones too', async () => {
    hub.add('ivory/many', {'config.json': '{"a": 1}', 'empty.txt': '', 'a/b/model.safetensors': weights})

    const got = await download({}, 'hf://ivory/many')

    expect(got).toMatchObject({files: 3, bytes: weights.size + 8, fetchedBytes: weights.size + 8, repairedChunks: 0})
    expect(readFileSync(join(dir, 'a/b/model.safetensors')).equals(bytesOf(weights))).toBe(true)
    expect(readFileSync(join(dir, 'config.json'), 'utf8')).toBe('{"a": 1}')
    expect(statSync(join(dir, 'empty.txt')).size).toBe(0)
    expect(JSON.parse(readFileSync(join(dir, '.omni-download.json'), 'utf8'))).toMatchObject({
      source: `hf://ivory/many@${got.revision}`,
      complete: true,
    })
  })

  it('fetches nothing when everything is there, and reads it all', async () => {
    await download()

    expect(await download()).toMatchObject({fetchedBytes: 0, repairedChunks: 0})
  })

  it('of some files leaves the others', async () => {
    expect(await download({include: ['*.json']})).toMatchObject({files: 1})
    expect(existsSync(model())).toBe(false)
    await expect(download({include: ['*.gguf']})).rejects.toMatchObject({code: 'USAGE'})
  })

  it('never shows the token to the host of the files', async () => {
    await download()

    expect(hub.requests.some(({host, authorization}) => host === 'hub' && authorization !== undefined)).toBe(true)
    expect(hub.requests.filter(({host, authorization}) => host === 'cdn' && authorization !== undefined)).toEqual([])
  })

  it('goes on where it was interrupted', async () => {
    await interrupted()
    expect(existsSync(model())).toBe(false)

    const got = await download()

    expect(got.fetchedBytes).toBe(CHUNK + 17 + 2)
    expect(isWhole()).toBe(true)
  })

  it('fetches one chunk again when a byte of what was there has changed', async () => {
    await interrupted()
    flipOnDisk(partOf(), CHUNK + 5)

    const got = await download()

    expect(got).toMatchObject({fetchedBytes: 2 * CHUNK + 17 + 2, repairedChunks: 1})
    expect(isWhole()).toBe(true)
  })

  it('repairs a file that was whole once, by one chunk', async () => {
    await download()
    flipOnDisk(model(), 2 * CHUNK + 1)

    const got = await download()

    expect(got).toMatchObject({fetchedBytes: CHUNK, repairedChunks: 1})
    expect(isWhole()).toBe(true)
  })

  it('does not believe a ledger that is ahead of the bytes, as after a power cut', async () => {
    await interrupted()
    writeFileSync(partOf(), Buffer.alloc(weights.size))

    expect(await download()).toMatchObject({repairedChunks: 2})
    expect(isWhole()).toBe(true)
  })

  it('finds the chunk that arrived damaged and replaces it alone', async () => {
    let isFlipped = false
    hub.fault = ({first, path}) => {
      if (path !== 'model.safetensors' || first !== CHUNK || isFlipped) return undefined
      isFlipped = true
      return {flip: CHUNK + 99}
    }

    expect(await download()).toMatchObject({repairedChunks: 1})
    expect(isWhole()).toBe(true)
  })

  it('puts nothing in place that never becomes what the hub says', async () => {
    hub.fault = ({path}) => (path === 'model.safetensors' ? {flip: CHUNK + 99} : undefined)

    await expect(download()).rejects.toMatchObject({code: 'IO', message: expect.stringContaining('never becomes')})
    expect(existsSync(model())).toBe(false)
    expect(JSON.parse(readFileSync(join(dir, '.omni-download.json'), 'utf8'))).toMatchObject({complete: false})
  })

  it.each<[string, Fault]>([
    ['a connection that is cut', {cutAfter: 300 * KiB + 5}],
    ['a connection that is cut at once', {cutAfter: 0}],
    ['429', {status: 429, headers: {'retry-after': '0'}}],
    ['429 that names its window', {status: 429, headers: {ratelimit: '"resolvers";r=0;t=1'}}],
    ['503', {status: 503, headers: {'retry-after': '0'}}],
    ['500', {status: 500}],
    ['416', {status: 416}],
    ['other bytes than asked for', {contentRange: `bytes 5-${CHUNK}/${3 * CHUNK + 17}`}],
    ['no Content-Range', {contentRange: ''}],
    ['the whole instead of a part', {status: 200}],
  ])('survives %s', async (_, fault) => {
    failOnce(fault)

    const got = await download()

    expect(got.repairedChunks).toBe(0)
    expect(isWhole()).toBe(true)
  })

  it('reads on from where a cut connection has ended', async () => {
    failOnce({cutAfter: 400 * KiB})

    // What was on its way is not fetched twice; the connection may lose a little that it had not handed over.
    expect((await download()).fetchedBytes).toBeLessThanOrEqual(weights.size + 2 + 64 * KiB)
  })

  it('asks for a new link when one has expired', async () => {
    hub.linkUses = 1

    await download({connections: 1})

    expect(isWhole()).toBe(true)
    expect(hub.requests.filter(({line}) => line.startsWith('HEAD')).length).toBeGreaterThan(1)
  })

  it.each<[string, Fault]>([
    ['another ETag', {etag: '"cdn-2"'}],
    ['another size', {contentRange: `bytes ${CHUNK}-${2 * CHUNK - 1}/${4 * CHUNK}`}],
  ])('begins a file anew that has %s half way', async (_, fault) => {
    const notes: string[] = []
    let isOver = false
    hub.fault = ({first}) => {
      if (isOver || first !== CHUNK) return undefined
      isOver = true
      return fault
    }

    await download({connections: 1, onProgress: (note) => notes.push(note)})

    expect(isWhole()).toBe(true)
    expect(notes.join('\n')).toContain('it is fetched anew')
  })

  it('gives up on a file that changes all the time', async () => {
    hub.fault = ({count}) => ({etag: `"${count}"`})

    await expect(download()).rejects.toMatchObject({code: 'UNAVAILABLE'})
    expect(existsSync(model())).toBe(false)
  })

  it('replaces the files of an earlier revision, and keeps those that are the same', async () => {
    await download()
    weights = largeContent(CHUNK + 3)
    hub.add('ivory/one', {'config.json': '{}', 'model.safetensors': weights})

    expect(await download()).toMatchObject({fetchedBytes: weights.size})
    expect(isWhole()).toBe(true)
  })

  it.each(['../out.bin', '/etc/out.bin', 'a/../../out.bin', 'a\\..\\out.bin', 'a//b', '.omni-download/x', 'a\u0000b'])(
    'writes nothing for a repository with the name %j',
    async (name) => {
      hub.add('ivory/evil', {'config.json': '{}', [name]: 'evil'})

      await expect(download({}, 'ivory/evil')).rejects.toMatchObject({code: 'IO'})
      expect(readdirSync(dir)).toEqual([])
    },
  )

  it('writes nothing through a symbolic link', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'omni-elsewhere-'))
    symlinkSync(elsewhere, join(dir, 'sub'))
    hub.add('ivory/deep', {'sub/config.json': '{}'})
    try {
      await expect(download({}, 'ivory/deep')).rejects.toMatchObject({code: 'IO'})
      expect(readdirSync(elsewhere)).toEqual([])
    } finally {
      rmSync(elsewhere, {recursive: true})
    }
  })

  it('does not overwrite what somebody else has put there', async () => {
    writeFileSync(join(dir, 'config.json'), '[]')

    await expect(download()).rejects.toMatchObject({code: 'CONFLICT'})
    expect(readFileSync(join(dir, 'config.json'), 'utf8')).toBe('[]')
  })

  it('takes over a file that is there and is the right one', async () => {
    writeFileSync(model(), bytesOf(weights))

    expect(await download()).toMatchObject({fetchedBytes: 2})
  })

  it('is alone in its folder; a lock of a process that is gone is taken over', async () => {
    mkdirSync(join(dir, '.omni-download'))
    writeFileSync(join(dir, '.omni-download', 'lock'), `${process.ppid}\n`)
    await expect(download()).rejects.toMatchObject({code: 'LOCKED'})

    writeFileSync(join(dir, '.omni-download', 'lock'), '2147483646\n')
    expect(await download()).toMatchObject({files: 2})
  })

  it('begins nothing when there is not enough room', async () => {
    const repo = hub.add('ivory/huge', {})
    repo.files.set('model.safetensors', {
      content: {size: 2 ** 50, pieces: () => []},
      isLarge: true,
      hash: 'a'.repeat(64),
    })

    await expect(download({}, 'ivory/huge')).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('still to come'),
    })
    expect(hub.requests.filter(({host}) => host === 'cdn')).toEqual([])
  })

  it('of many small files asks once for each', async () => {
    hub.add('ivory/many', Object.fromEntries(Array.from({length: 300}, (_, i) => [`f/${i}.txt`, `file ${i}`])))

    expect(await download({connections: 16}, 'ivory/many')).toMatchObject({files: 300})
    expect(hub.requests.filter(({line}) => line.includes('/resolve/')).length).toBe(300)
  })

  it.each([
    ['gated', {gated: 'auto' as const}, 'FORBIDDEN'],
    ['absent', undefined, 'NOT_FOUND'],
  ])('of a repository that is %s makes nothing', async (name, more, code) => {
    if (more !== undefined) hub.add(`ivory/${name}`, {'config.json': '{}'}, more)

    await expect(download({}, `ivory/${name}`)).rejects.toMatchObject({code})
    expect(existsSync(join(dir, 'config.json'))).toBe(false)
  })
})
