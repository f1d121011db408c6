import {mkdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {createHome, omni, removeHome} from './harness.ts'

let home: string
beforeEach(async () => {
  home = await createHome()
  await mkdir(join(home, '.ome', 'logs'))
  await writeFile(join(home, '.ome', 'logs', 'server.log'), 'one\n{"two": 2}\nthr\u001bee\n')
})
afterEach(() => removeHome(home))

const logs = (...args: string[]) => omni(['server', 'logs', ...args], {home})

it.each([
  ['table', 'one\n{"two": 2}\nthr\\eee\n'],
  ['json', `${JSON.stringify([{text: 'one'}, {text: '{"two": 2}'}, {text: 'thr\u001bee'}], null, 2)}\n`],
  ['jsonl', '{"text":"one"}\n{"text":"{\\"two\\": 2}"}\n{"text":"thr\\u001bee"}\n'],
  ['yaml', `- text: one\n- text: '{"two": 2}'\n- text: "thr\\eee"\n`],
])('the log of the engine as %s', async (format, expected) => {
  expect(await logs('-o', format)).toEqual({code: 0, stdout: expected, stderr: ''})
})

it.each(['json', 'yaml', 'name'])('what never ends is not followed as %s', async (format) => {
  const {code, stderr} = await logs('--follow', '-o', format)

  expect(code).toBe(2)
  expect(stderr).toBe(
    `error: --follow never ends, so its output cannot be ${format}\ntry: omni server logs --follow --output jsonl\n`,
  )
})
