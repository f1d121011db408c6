import {mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {bytesOf, largeContent} from './hub/content.ts'
import {type FakeHub, startFakeHub} from './hub/fake-hub.ts'
import {openSource} from './open-source.ts'

const MiB = 1024 * 1024
let dir: string
let hub: FakeHub
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'omni-download-'))
  hub = await startFakeHub()
})
afterEach(async () => {
  await hub[Symbol.asyncDispose]()
  rmSync(dir, {recursive: true, force: true})
})

describe('a download', () => {
  it('has every file with the bytes of the hub', async () => {
    const weights = largeContent(20 * MiB + 17)
    hub.add('ivory/small', {
      'config.json': '{"model_type": "llama"}',
      'empty.txt': '',
      'a/b/weights.safetensors': weights,
    })
    const source = await openSource(hub)

    const got = await source.download?.('ivory/small', dir, {connections: 4})

    expect(got).toMatchObject({files: 3, bytes: weights.size + 23, fetchedBytes: weights.size + 23, repairedChunks: 0})
    expect(readFileSync(join(dir, 'a/b/weights.safetensors')).equals(bytesOf(weights))).toBe(true)
    expect(readFileSync(join(dir, 'config.json'), 'utf8')).toBe('{"model_type": "llama"}')
    expect(statSync(join(dir, 'empty.txt')).size).toBe(0)
  })
})
