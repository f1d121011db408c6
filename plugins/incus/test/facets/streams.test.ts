import {Readable} from 'node:stream'
import {buffer} from 'node:stream/consumers'
import {OmniError} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {type Part, resumed} from '../../src/provider/export-resume.ts'
import {createFiles} from '../../src/provider/files.ts'
import {fromPathBytes, PacketReader, path} from '../../src/provider/files-packets.ts'

const content = Buffer.from('0123456789')

/** Gives so many bytes, and is cut then. */
const part = (offset: number, length: number): Part => ({
  totalBytes: content.length,
  body: (async function* () {
    yield content.subarray(offset, offset + length)
    if (offset + length < content.length) throw new Error('cut')
  })(),
})

describe('a download that is resumed', () => {
  it('gives every byte once', async () => {
    const offsets: number[] = []
    const open = async (offset: number) => {
      offsets.push(offset)
      return part(offset, 4)
    }

    expect(await buffer(resumed(part(0, 3), open, {waitMs: 0}))).toEqual(content)
    expect(offsets).toEqual([3, 7])
  })

  it('fails when nothing comes any more', async () => {
    const open = async () => Promise.reject(new Error('no way'))

    await expect(buffer(resumed(part(0, 3), open, {waitMs: 0, attempts: 2}))).rejects.toThrow('no way')
  })

  it('fails when it ends early without an error', async () => {
    const short = async (): Promise<Part> => ({totalBytes: undefined, body: Readable.from([])})

    await expect(buffer(resumed(part(0, 3), short, {waitMs: 0, attempts: 1}))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the download ended after 3 of 10 bytes',
    })
  })

  it('is not tried again when the server says no', async () => {
    let calls = 0
    const open = async () => {
      calls++
      throw new OmniError('NOT_FOUND', 'it is gone')
    }

    await expect(buffer(resumed(part(0, 3), open, {waitMs: 0}))).rejects.toMatchObject({code: 'NOT_FOUND'})
    expect(calls).toBe(1)
  })
})

describe('paths of files', () => {
  it.each([
    ['plain', Buffer.from('a b%\n')],
    ['UTF-8', Buffer.from('größe 🐙')],
    ['no UTF-8', Buffer.from([0x61, 0xff, 0x80, 0x2f, 0xc3])],
  ])('%s bytes come back as they were', (_, bytes) => {
    const text = fromPathBytes(bytes)

    expect(new PacketReader(path(text)).bytes()).toEqual(bytes)
  })

  it('a machine whose agent does not run is told so', async () => {
    const client = {
      upgrade: async () => Promise.reject(new OmniError('UNAVAILABLE', "VM agent isn't currently running")),
      operate: async () => undefined,
    }

    await expect(createFiles(client).stat('web', '/etc')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: "the agent of 'web' does not run: files cannot be reached",
    })
  })

  it.each(['relative', '', '/with\0nul'])('%j is no path', async (bad) => {
    const client = {upgrade: async () => Promise.reject(new Error('asked')), operate: async () => undefined}

    await expect(createFiles(client).stat('web', bad)).rejects.toMatchObject({code: 'USAGE'})
  })
})
