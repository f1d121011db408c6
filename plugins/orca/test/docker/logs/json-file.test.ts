import {appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {type LogOptions, poll} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {fileSource} from '../../../src/logs/file-source.ts'
import {readSources} from '../../../src/logs/read-sources.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omni-json-'))
  path = join(folder, 'x-json.log')
})
afterEach(() => rmSync(folder, {recursive: true, force: true}))

const time = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString().replace('Z', '456789Z')
const entry = (ms: number, log: string, stream = 'stdout') => `${JSON.stringify({log, stream, time: time(ms)})}\n`
const source = (file = path, replica = 'web-0') => fileSource({replica, path: file, format: 'json-file'})

async function read(options: LogOptions = {}, sources = [source()]) {
  return (await Array.fromAsync(readSources(async () => sources, options))).flat()
}
const texts = async (options: LogOptions = {}, sources = [source()]) =>
  (await read(options, sources)).map(({text}) => text)

describe("Docker's own file", () => {
  it('gives lines with their time, stream and replica', async () => {
    writeFileSync(path, entry(1, 'one\n') + entry(2, 'two\n', 'stderr'))

    expect(await read()).toEqual([
      {time: '2026-01-01T00:00:00.001Z', stream: 'stdout', replica: 'web-0', text: 'one'},
      {time: '2026-01-01T00:00:00.002Z', stream: 'stderr', replica: 'web-0', text: 'two'},
    ])
  })

  it('reads times of any length, which Docker cuts at their last zero', async () => {
    const at = (text: string) => `{"log":"x\\n","stream":"stdout","time":"2026-01-01T00:00:${text}Z"}\n`
    writeFileSync(path, at('01') + at('02.5') + at('03.12') + at('04.1234567'))

    expect((await read()).map((line) => line.time.slice(17))).toEqual(['01.000Z', '02.500Z', '03.120Z', '04.123Z'])
  })

  it.each([
    ['escapes', '\u001b[31m"red"\\ \t\n'],
    ['other alphabets', 'größe 中文 🎉\n'],
    ['what looks like an entry', '{"log":"fake\\n","stream":"stdout","time":"2020-01-01T00:00:00Z"}\n'],
    ['separators of lines', 'a\u2028b\n'],
    ['nothing', '\n'],
  ])('keeps %s', async (_, log) => {
    writeFileSync(path, entry(1, 'before\n') + entry(2, log) + entry(3, 'after\n'))
    expect(await texts()).toEqual(['before', log.slice(0, -1), 'after'])
  })

  it('skips what is torn, cut or foreign, and keeps what is whole', async () => {
    const whole = entry(2, 'whole\n')
    const parts = [
      entry(1, 'first\n'),
      entry(2, 'torn\n').slice(0, 12),
      whole,
      '\0\0\0\0',
      whole,
      'no json\n[]\n{"log":5}\n{"log":"x\\n","stream":"stdout","time":"never"}\n',
      '{"log":"torn\n',
      Buffer.from([0xff, 0xfe, 0x0a]).toString('latin1'),
      entry(9, 'last\n'),
      entry(10, 'being written\n').slice(0, -1),
    ]
    writeFileSync(path, parts.join(''), 'latin1')

    expect(await texts()).toEqual(['first', 'whole', 'whole', 'last'])
  })

  it('joins the pieces of a long line, of each stream apart', async () => {
    const piece = 'p'.repeat(16 * 1024)
    writeFileSync(
      path,
      entry(1, piece) + entry(2, 'other\n', 'stderr') + entry(3, piece) + entry(4, 'end\n') + entry(5, 'next\n'),
    )

    expect((await texts()).map((text) => text.length)).toEqual([5, 2 * piece.length + 3, 4])
    expect(await texts({tail: 2})).toEqual([`${piece}${piece}end`, 'next'])
  })

  it('splits a line that is longer than 1 MB', async () => {
    const piece = 'p'.repeat(16 * 1024)
    writeFileSync(path, Array.from({length: 100}, (_, at) => entry(at, piece)).join('') + entry(200, 'end\n'))

    expect((await texts()).map((text) => text.length)).toEqual([1024 * 1024, 36 * piece.length + 3])
  })

  it('does not glue the last words of a program to the first ones of the next', async () => {
    writeFileSync(path, entry(1, 'fatal: no line end') + entry(2, 'starts again\n') + entry(3, 'and again'))
    expect(await texts()).toEqual(['fatal: no line end', 'starts again', 'and again'])
  })
})

describe('a rotated file', () => {
  beforeEach(() => {
    writeFileSync(`${path}.2.gz`, gzipSync(entry(1, 'a\n') + entry(2, 'b\n')))
    writeFileSync(`${path}.1`, entry(3, 'c\n') + entry(4, 'd\n'))
    writeFileSync(path, entry(5, 'e\n'))
  })

  it.each<[string, LogOptions, string[]]>([
    ['all of it', {}, ['a', 'b', 'c', 'd', 'e']],
    ['a tail in the newest', {tail: 1}, ['e']],
    ['a tail over two files', {tail: 2}, ['d', 'e']],
    ['a tail in a compressed one', {tail: 4}, ['b', 'c', 'd', 'e']],
    ['a tail longer than all', {tail: 40}, ['a', 'b', 'c', 'd', 'e']],
    ['no lines', {tail: 0}, []],
    ['lines since a time', {since: '2026-01-01T00:00:00.004Z'}, ['d', 'e']],
  ])('gives %s', async (_, options, expected) => {
    expect(await texts(options)).toEqual(expected)
  })

  it('gives what is left when the compressed part is broken', async () => {
    writeFileSync(`${path}.2.gz`, 'no gzip')
    expect(await texts()).toEqual(['c', 'd', 'e'])
  })
})

describe('replicas', () => {
  it('are merged by time, and their tails counted apart', async () => {
    const other = join(folder, 'y-json.log')
    writeFileSync(path, entry(1, 'a1\n') + entry(4, 'a4\n') + entry(5, 'a5\n'))
    writeFileSync(other, entry(2, 'b2\n') + entry(3, 'b3\n') + entry(6, 'b6\n'))
    const both = [source(), source(other, 'web-1')]

    expect(await texts({}, both)).toEqual(['a1', 'b2', 'b3', 'a4', 'a5', 'b6'])
    expect(await texts({tail: 2}, both)).toEqual(['b3', 'a4', 'a5', 'b6'])
  })

  it('that had several containers have one tail', async () => {
    const other = join(folder, 'y-json.log')
    writeFileSync(path, entry(1, 'old1\n') + entry(2, 'old2\n'))
    writeFileSync(other, entry(3, 'new3\n'))

    expect(await texts({tail: 2}, [source(), source(other)])).toEqual(['old2', 'new3'])
  })
})

it('finds the lines since a time in a large file', async () => {
  const lines = Array.from({length: 50_000}, (_, at) => entry(at * 1000, `line ${at} ${'x'.repeat(at % 90)}\n`))
  writeFileSync(path, lines.join(''))
  const since = new Date(Date.UTC(2026, 0, 1) + 49_990_000).toISOString()

  expect((await texts({since})).map((text) => Number(text.split(' ')[1]))).toEqual([
    49_990, 49_991, 49_992, 49_993, 49_994, 49_995, 49_996, 49_997, 49_998, 49_999,
  ])
})

describe('following', () => {
  async function follow(work: (seen: string[]) => Promise<void>, options: LogOptions = {}) {
    const seen: string[] = []
    const stop = new AbortController()
    const list = async () => [source()]
    const reading = (async () => {
      for await (const lines of readSources(list, {...options, follow: true, signal: stop.signal})) {
        seen.push(...lines.map(({text}) => text))
      }
    })()
    reading.catch(() => undefined)
    await work(seen)
    stop.abort()
    await expect(reading).rejects.toMatchObject({code: 'ABORTED'})
    return seen
  }
  const until = (seen: string[], last: string) => poll({everyMs: 5, timeoutMs: 10_000}, () => seen.at(-1) === last)

  it('loses and doubles nothing over rotations as Docker does them, compressed or not', async () => {
    writeFileSync(path, entry(0, 'line 0\n'))
    const seen = await follow(async (lines) => {
      let count = 1
      for (let round = 0; round < 8; round++) {
        for (let at = 0; at < 25; at++) appendFileSync(path, entry(count, `line ${count++}\n`))
        await until(lines, `line ${count - 1}`)
        appendFileSync(path, entry(count, `line ${count++}\n`))
        renameSync(path, `${path}.1`)
        writeFileSync(path, entry(count, `line ${count++}\n`))
        await until(lines, `line ${count - 1}`)
        if (round % 2 === 0) continue
        writeFileSync(`${path}.1.gz`, gzipSync(readFileSync(`${path}.1`)))
        rmSync(`${path}.1`)
      }
    })

    expect(seen).toEqual(Array.from({length: seen.length}, (_, at) => `line ${at}`))
    expect(seen.length).toBe(8 * 27 + 1)
  })

  it('begins anew when the file was emptied', async () => {
    writeFileSync(path, entry(1, 'before it was emptied, a long line\n'))
    const seen = await follow(async (lines) => {
      await until(lines, 'before it was emptied, a long line')
      truncateSync(path)
      // As Docker writes: with O_APPEND.
      appendFileSync(path, entry(2, 'after\n'))
      await until(lines, 'after')
    })
    expect(seen).toHaveLength(2)
  })

  it('waits for the rest of an entry', async () => {
    writeFileSync(path, entry(1, 'first\n'))
    const seen = await follow(async (lines) => {
      await until(lines, 'first')
      const rest = entry(2, 'second\n')
      appendFileSync(path, rest.slice(0, 20))
      appendFileSync(path, rest.slice(20))
      await until(lines, 'second')
    })
    expect(seen).toEqual(['first', 'second'])
  })
})
