import {describe, expect, it} from 'vitest'
import type {LeveledLine} from '../../src/apps/log-lines.ts'
import {streamLogs} from '../../src/apps/stream-logs.ts'

const line = (text: string): LeveledLine => ({
  time: '2026-01-01T00:00:00.000Z',
  stream: 'stdout',
  replica: 'web-0',
  level: 'info',
  text,
})

async function written(format: 'json' | 'yaml' | 'jsonl', follow: boolean): Promise<string> {
  let text = ''
  async function* lines() {
    yield [line('one')]
    yield [line('two: "2"\u001b[31m')]
  }
  const style = {paint: (value: string) => value, raw: false} as never
  await streamLogs(lines(), {format, follow, style}, async (part) => {
    text += part
  })
  return text
}

describe('logs as data', () => {
  const texts = ['one', 'two: "2"\u001b[31m']

  it('are one JSON array', async () => {
    expect(JSON.parse(await written('json', false)).map(({text}: {text: string}) => text)).toEqual(texts)
  })

  it.each([false, true])('are one YAML list (follow: %s)', async (follow) => {
    const items = (await written('yaml', follow)).split(/^- /m).slice(1)

    expect(items).toHaveLength(2)
    expect(items[0]).toContain('\n  text: one\n')
    expect(items[1]).toContain('two: \\"2\\"\\e[31m')
  })

  it('are a JSON object a line', async () => {
    const rows = (await written('jsonl', true)).trimEnd().split('\n')
    expect(rows.map((row) => JSON.parse(row).text)).toEqual(texts)
  })
})
