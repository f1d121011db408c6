import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {readBatch} from '../../src/serving/batch/read-batch.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omni-batch-'))
})
afterEach(() => rmSync(folder, {recursive: true}))

const read = (name: string, text: string) => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return readBatch(file)
}

it.each([
  ['models.yaml', '- model: tiny\n  name: a\n  replicas: 2\n- big\n'],
  ['models.yml', 'models:\n  - {model: tiny, name: a, replicas: 2}\n  - model: big\n'],
  ['models.json', '[{"model": "tiny", "name": "a", "replicas": 2}, "big"]'],
  ['models.txt', '# a list\ntiny a replicas=2\n\nbig   # by its own name\n'],
])('%s names models, and what is left out is told by the model', async (name, text) => {
  const {entries} = await read(name, text)

  expect(entries.map(({wish}) => [wish.model, wish.name, wish.replicas])).toEqual([
    ['tiny', 'a', 2],
    ['big', 'big', undefined],
  ])
})

it('all mistakes are told at once, each with its place', async () => {
  const wrong = read(
    'm.yaml',
    '- model: tiny\n  replcas: 2\n- name: x\n- model: Big\n- model: tiny\n  name: ok\n- model: b\n  name: ok\n',
  )

  await expect(wrong).rejects.toMatchObject({
    code: 'MANIFEST_INVALID',
    details: [
      {line: 2, column: 3, message: expect.stringContaining("did you mean 'replicas'?")},
      {line: 3, column: 3, message: "the entry names no 'model'"},
      {line: 4, column: 3, message: expect.stringContaining("give a 'name'")},
      {line: 7, column: 3, message: expect.stringContaining("'ok' is named in line 5 already")},
    ],
  })
})

it('mistakes in lines have their column, too', async () => {
  await expect(read('m.txt', 'tiny a replicas=none\n')).rejects.toMatchObject({
    details: [{line: 1, column: 8, message: '\'replicas\': "none" is no number from 1 to 1000'}],
  })
})

it('a file that is not there, or names nothing, is told so', async () => {
  await expect(readBatch(join(folder, 'none.txt'))).rejects.toMatchObject({code: 'NOT_FOUND'})
  await expect(read('m.txt', '# nothing\n')).rejects.toThrow('names no model')
})
