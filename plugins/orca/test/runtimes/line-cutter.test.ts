import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {parseStoredLine} from '../../src/logs/stored-line.ts'
import {formatLines, LONGEST_LINE} from '../../src/runtimes/process/logs/format.ts'
import {createLineCutter} from '../../src/runtimes/process/supervisor/line-cutter.ts'

function cut(chunks: readonly Buffer[]): string[] {
  const lines: string[] = []
  const cutter = createLineCutter((text) => lines.push(...text.split('\n')))
  for (const chunk of chunks) cutter.push(chunk)
  cutter.end()
  return lines
}

describe('the line cutter', () => {
  it('gives the same lines wherever the chunks were cut', () => {
    const text = fc.array(
      fc.string({unit: 'grapheme'}).map((line) => line.replaceAll('\n', '')),
      {minLength: 1},
    )
    fc.assert(
      fc.property(text, fc.array(fc.nat(200)), (lines, cuts) => {
        const bytes = Buffer.from(`${lines.join('\n')}\n`)
        const edges = [0, ...cuts.map((edge) => edge % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
        const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
        expect(cut(chunks)).toEqual(lines)
      }),
    )
  })

  it('gives out a last line without a line end', () => {
    expect(cut([Buffer.from('a\nb')])).toEqual(['a', 'b'])
  })

  it('splits a line over 64 KiB between characters', () => {
    const line = `x${'é'.repeat(LONGEST_LINE)}`
    const bytes = Buffer.from(`${line}\nshort\n`)

    const lines = cut([bytes.subarray(0, 60_000), bytes.subarray(60_000, 120_000), bytes.subarray(120_000)])

    expect(lines.join('')).toBe(`${line}short`)
    expect(lines.every((part) => Buffer.byteLength(part) <= LONGEST_LINE)).toBe(true)
    expect(lines.length).toBe(4)
  })

  it('replaces what is no UTF-8 and keeps escapes and NUL', () => {
    expect(cut([Buffer.from([0x61, 0xff, 0x1b, 0x5b, 0x00, 0x0a])])).toEqual(['a\ufffd\x1b[\0'])
  })
})

describe('the stored form of a line', () => {
  it('is read as it was written', () => {
    const [first, second] = formatLines('one\n  two  ', 'e', 'ab12cd34').split('\n')

    expect(parseStoredLine(first ?? '')).toMatchObject({stream: 'stderr', tag: 'ab12cd34', text: 'one'})
    expect(parseStoredLine(second ?? '')).toMatchObject({text: '  two  '})
  })

  it.each(['', 'garbage', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z x tag text'])(
    'a torn line %j is none',
    (line) => {
      expect(parseStoredLine(line)).toBeUndefined()
    },
  )
})
