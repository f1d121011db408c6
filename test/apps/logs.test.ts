import type {LogLine, Service} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {levelOf} from '../../src/apps/log-level.ts'
import {formatLogLine, leveled, requireLines} from '../../src/apps/log-lines.ts'

it.each([
  ['{"level":"warn","msg":"slow"}', 'warn'],
  ['{"level":50,"msg":"boom"}', 'error'],
  ['{"severity":"CRITICAL"}', 'fatal'],
  ['{"level":"__proto__"}', undefined],
  ['{"msg":"no level"}', undefined],
  ['time=now level=error msg="boom"', 'error'],
  ['[ERROR] boom', 'error'],
  ['2026-01-02T03:04:05.678Z [warn] slow', 'warn'],
  ['2026-01-02 03:04:05,678 WARNING slow', 'warn'],
  ['ERROR:root:boom', 'error'],
  ['info --- http address', 'info'],
  [' warn --- config v1', 'warn'],
  ['E0102 15:04:05.000000 1 main.go:1] boom', 'error'],
  ['TypeError: x is not a function', 'error'],
  ['Traceback (most recent call last):', 'error'],
  ['panic: runtime error', 'fatal'],
  ['GET /errors 200', undefined],
  ['listening on 3000', undefined],
  ['no errors found', undefined],
  ['', undefined],
])('%j states the level %s', (text, level) => {
  expect(levelOf(text)).toBe(level)
})

const line = (text: string, more: Partial<LogLine> = {}): LogLine => ({
  time: '2026-01-01T00:00:00.000Z',
  stream: 'stdout',
  replica: 'web-0',
  text,
  ...more,
})

async function* from(lines: readonly LogLine[]) {
  for (const line of lines) yield [line]
}

describe('the level filter', () => {
  const kept = async (lines: readonly LogLine[], least: 'warn' | 'info') =>
    (await Array.fromAsync(leveled(from(lines), least))).flat().map(({text}) => text)

  it('keeps lines of at least the level, with the stack trace that follows them', async () => {
    const lines = [
      line('start'),
      line('Error: boom'),
      line('    at main.js:1'),
      line('WARN slow'),
      line('next'),
      line('  detail'),
    ]

    expect(await kept(lines, 'warn')).toEqual(['Error: boom', '    at main.js:1', 'WARN slow'])
    expect(await kept(lines, 'info')).toHaveLength(6)
  })

  it('does not mix up the lines of two replicas', async () => {
    const lines = [line('Error: boom'), line('  fine', {replica: 'web-1'}), line('  at x')]

    expect(await kept(lines, 'warn')).toEqual(['Error: boom', '  at x'])
  })
})

it('prints time, replica and text, each in its style', async () => {
  const [[first] = []] = await Array.fromAsync(leveled(from([line('ERROR a', {replica: 'web-2'})]), undefined))
  if (first === undefined) throw new Error('no line')

  expect(
    formatLogLine(first, {
      time: (text) => `(${text})`,
      replica: (text, index) => `${text}#${index}`,
      level: (text, level) => `${level}:${text}`,
      text: (text) => text.toLowerCase(),
      timestamps: true,
    }),
  ).toBe('(2026-01-01T00:00:00.000Z) web-2#2 error:error a\n')
})

it('a replica that is not there and left no lines is NOT_FOUND', async () => {
  const none = async function* (): AsyncGenerator<LogLine[]> {
    yield* []
  }
  const web = {name: 'web', replicas: [{name: 'web-0'}]} as unknown as Service

  await expect(Array.fromAsync(requireLines(none(), web, '7'))).rejects.toMatchObject({code: 'NOT_FOUND'})
  expect(await Array.fromAsync(requireLines(none(), web, '0'))).toEqual([])
})
