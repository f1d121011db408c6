import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {LogLine, LogOptions} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {formatLines} from '../../src/runtimes/process/logs/format.ts'
import {lastLines} from '../../src/runtimes/process/logs/last-lines.ts'
import {readLogs} from '../../src/runtimes/process/logs/read-logs.ts'
import {LogFile} from '../../src/runtimes/process/supervisor/log-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omni-logs-'))
})
afterEach(() => rmSync(folder, {recursive: true, force: true}))

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString()
const line = (seconds: number, text: string, tag = 'tagtagta', stream = 'o') =>
  `${at(seconds)} ${stream} ${tag} ${text}\n`

async function texts(options?: LogOptions): Promise<string[]> {
  const found: string[] = []
  for await (const {replica, text} of readLogs(folder, 'web', options)) found.push(`${replica} ${text}`)
  return found
}

describe('a rotated log file', () => {
  it('keeps whole lines within its size and number of files', () => {
    const file = new LogFile(join(folder, 'web-0.log'), {maxBytes: 1000, maxFiles: 3})
    for (let index = 0; index < 500; index++) file.append(`line ${index}\n`)
    file.close()

    expect(readdirSync(folder).sort()).toEqual(['web-0.log', 'web-0.log.1', 'web-0.log.2'])
    const all = ['.2', '.1', ''].map((end) => readFileSync(join(folder, `web-0.log${end}`), 'utf8')).join('')
    const numbers = all
      .trimEnd()
      .split('\n')
      .map((text) => Number(/^line (\d+)$/.exec(text)?.[1]))
    expect(numbers.at(-1)).toBe(499)
    expect(numbers).toEqual(Array.from({length: numbers.length}, (_, index) => 500 - numbers.length + index))
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(1000)
  })

  it('does not continue a torn line', () => {
    writeFileSync(join(folder, 'web-0.log'), 'whole\ntorn by a power c')
    const file = new LogFile(join(folder, 'web-0.log'))
    file.append('new\n')
    file.close()

    expect(readFileSync(join(folder, 'web-0.log'), 'utf8')).toBe('whole\ntorn by a power c\nnew\n')
  })
})

describe('reading logs', () => {
  beforeEach(() => {
    writeFileSync(join(folder, 'web-0.log.1'), line(1, 'a') + line(3, 'b'))
    writeFileSync(join(folder, 'web-0.log'), line(5, 'c') + line(9, 'd'))
    writeFileSync(join(folder, 'web-1.log'), line(2, 'A') + line(4, 'B') + line(8, 'C'))
    writeFileSync(join(folder, 'web-build.log'), line(0, 'built'))
    writeFileSync(join(folder, 'web-2-0.log'), line(0, 'of a service named web-2'))
  })

  it('merges all replicas and their rotations by time', async () => {
    expect(await texts()).toEqual(['web-0 a', 'web-1 A', 'web-0 b', 'web-1 B', 'web-0 c', 'web-1 C', 'web-0 d'])
  })

  it.each<[string, LogOptions, string[]]>([
    ['the last two lines of each', {tail: 2}, ['web-1 B', 'web-0 c', 'web-1 C', 'web-0 d']],
    ['a tail that reaches into the rotation', {tail: 3, replica: '0'}, ['web-0 b', 'web-0 c', 'web-0 d']],
    ['a tail larger than the log', {tail: 99, replica: 'web-1'}, ['web-1 A', 'web-1 B', 'web-1 C']],
    ['no lines', {tail: 0}, []],
    ['one replica by its number', {replica: '1'}, ['web-1 A', 'web-1 B', 'web-1 C']],
    ['the build', {replica: 'build'}, ['web-build built']],
    ['nothing of an unknown replica', {replica: '7'}, []],
    ['nothing outside the folder', {replica: '../web-0'}, []],
    ['lines since a time with an offset', {since: '2026-01-01T01:00:05+01:00'}, ['web-0 c', 'web-1 C', 'web-0 d']],
  ])('gives %s', async (_, options, expected) => {
    expect(await texts(options)).toEqual(expected)
  })

  it('refuses a time that is none', async () => {
    await expect(texts({since: 'yesterday'})).rejects.toMatchObject({code: 'USAGE'})
  })

  it('of a service that never ran is empty', async () => {
    expect(await Array.fromAsync(readLogs(join(folder, 'none'), 'none'))).toEqual([])
  })

  it('finds the last lines of one instance among others of its replica', async () => {
    writeFileSync(join(folder, 'x-0.log.1'), line(1, 'one', 'mine') + line(1, 'no', 'theirs') + line(2, 'two', 'mine'))
    writeFileSync(join(folder, 'x-0.log'), line(3, 'no', 'theirs') + line(4, 'three', 'mine'))

    expect(await lastLines(join(folder, 'x-0.log'), 'mine', 2)).toEqual(['two', 'three'])
    expect(await lastLines(join(folder, 'x-0.log'), 'mine', 9)).toEqual(['one', 'two', 'three'])
    expect(await lastLines(join(folder, 'x-0.log'), 'mine', 0)).toEqual([])
  })

  it('gives every line of a large log, and its tail without reading all of it', async () => {
    const lines = Array.from({length: 100_000}, (_, index) => line(1, `${index} ${'x'.repeat(index % 100)}`))
    writeFileSync(join(folder, 'web-0.log.1'), lines.slice(0, 60_000).join(''))
    writeFileSync(join(folder, 'web-0.log'), lines.slice(60_000).join(''))

    const all = await texts({replica: '0'})
    expect(all.map((text) => Number(text.split(' ')[1]))).toEqual(Array.from({length: 100_000}, (_, index) => index))
    const tail = await texts({replica: '0', tail: 50_000})
    expect(tail).toEqual(all.slice(-50_000))
  })
})

describe('following logs', () => {
  it('goes on over rotations and new replicas, without a loss or a double', async () => {
    const file = new LogFile(join(folder, 'web-0.log'), {maxBytes: 20_000, maxFiles: 3})
    file.append(formatLines('first', 'o', 'tagtagta'))
    const stop = new AbortController()
    const seen: string[] = []
    const reading = (async () => {
      for await (const {replica, text} of readLogs(folder, 'web', {follow: true, signal: stop.signal})) {
        seen.push(`${replica} ${text}`)
        // Writes only what was read before, so that no line is rotated away unread.
        if (seen.length <= 2000) file.append(formatLines(`line ${seen.length} ${'y'.repeat(50)}`, 'o', 'tagtagta'))
        if (seen.length === 1000) writeFileSync(join(folder, 'web-1.log'), line(1, 'late'))
        if (seen.length === 2002) stop.abort()
      }
    })()

    await expect(reading).rejects.toMatchObject({code: 'ABORTED'})
    file.close()
    expect(seen.filter((text) => text === 'web-1 late')).toHaveLength(1)
    const numbers = seen.filter((text) => text.startsWith('web-0 line')).map((text) => Number(text.split(' ')[2]))
    expect(numbers).toEqual(Array.from({length: 2000}, (_, index) => index + 1))
    expect(readdirSync(folder)).toContain('web-0.log.2')
  })

  it('ends when its reader leaves', async () => {
    writeFileSync(join(folder, 'web-0.log'), line(1, 'a'))
    const found: LogLine[] = []
    for await (const entry of readLogs(folder, 'web', {follow: true})) {
      found.push(entry)
      break
    }

    expect(found).toHaveLength(1)
  })
})
