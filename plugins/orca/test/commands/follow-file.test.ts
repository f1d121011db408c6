import {appendFile, mkdtemp, rename, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {followFile} from '../../src/client/follow-file.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omni-'))
  path = join(folder, 'server.log')
})
afterEach(() => rm(folder, {recursive: true}))

const tail = (count: number) => Array.fromAsync(followFile(path, {tail: count, follow: false}))

it.each([
  [0, []],
  [1, ['c']],
  [2, ['b', 'c']],
  [9, ['a', 'b', 'c']],
])('the last %i lines', async (count, lines) => {
  await writeFile(path, 'a\nb\nc\n')
  expect(await tail(count)).toEqual(lines)
})

it('an empty file has no line', async () => {
  await writeFile(path, '')
  expect(await tail(5)).toEqual([])
})

it('the last lines of a long file', async () => {
  await writeFile(path, Array.from({length: 50_000}, (_, index) => `line ${index}\n`).join(''))
  expect(await tail(2)).toEqual(['line 49998', 'line 49999'])
})

it('new lines as they are written, also after the file was put aside', async () => {
  await writeFile(path, 'old\n')
  const abort = new AbortController()
  const lines = followFile(path, {tail: 1, follow: true, signal: abort.signal})
  const next = async () => (await lines.next()).value

  expect(await next()).toBe('old')
  await appendFile(path, 'one\ntw')
  expect(await next()).toBe('one')
  await appendFile(path, 'o\n')
  expect(await next()).toBe('two')
  await rename(path, `${path}.1`)
  await writeFile(path, 'three\n')
  expect(await next()).toBe('three')

  const waiting = lines.next()
  abort.abort()
  await expect(waiting).rejects.toMatchObject({code: 'ABORTED'})
})
