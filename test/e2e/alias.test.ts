import {readFile, stat, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {createHome, omni, removeHome} from './harness.ts'

let home: string
beforeEach(async () => {
  home = await createHome()
})
afterEach(() => removeHome(home))

const config = () => join(home, '.ome', 'config.yaml')

it('an alias is made, used with more words, listed and removed', async () => {
  expect(await omni(['alias', 'v=version -o'], {home})).toMatchObject({code: 0})

  const used = await omni(['v', 'json'], {home})
  expect(JSON.parse(used.stdout)).toMatchObject({node: process.version})
  expect((await omni(['alias', '-o', 'json'], {home})).stdout).toContain('version -o')
  expect((await omni(['--help'], {home})).stdout).toMatch(/Your aliases\n {2}v/)
  expect((await omni(['v', '--help'], {home})).stderr).toContain("'v' is your alias for 'version -o'")
  expect((await omni(['__complete', 'v', 'js'], {home})).stdout).toContain('json')

  expect(await omni(['alias', 'remove', 'v'], {home})).toMatchObject({code: 0})
  expect(await omni(['v', 'json'], {home})).toMatchObject({code: 2})
  expect(await omni(['alias', 'remove', 'v'], {home})).toMatchObject({code: 4})
})

it('comments of the file stay, and the file is for its owner alone', async () => {
  await writeFile(config(), '# mine\naliases:\n  a: version # short\n', {mode: 0o600})

  await omni(['alias', "b=logs 'a b'"], {home})

  expect(await readFile(config(), 'utf8')).toBe("# mine\naliases:\n  a: version # short\n  b: logs 'a b'\n")
  expect((await stat(config())).mode & 0o777).toBe(0o600)
})

it('a change of the file by hand counts at once', async () => {
  await writeFile(config(), 'aliases: {a: version}\n')
  expect(await omni(['a'], {home})).toMatchObject({code: 0})

  await writeFile(config(), 'aliases: {b: version}\n')

  expect(await omni(['a'], {home})).toMatchObject({code: 2})
  expect(await omni(['b'], {home})).toMatchObject({code: 0})
})

it('no alias can lock its user out', async () => {
  await writeFile(config(), `aliases: {alias: version, help: version, up: "it's", version: nope}\n`)

  expect((await omni(['alias', 'list', '-o', 'json'], {home})).stdout).toContain('nope')
  expect(await omni(['up'], {home})).toMatchObject({code: 3, stderr: expect.stringContaining('omni alias remove up')})
  expect(await omni(['version'], {home})).toMatchObject({code: 2})
  expect(await omni(['version'], {home, env: {OMNI_NO_ALIAS: '1'}})).toMatchObject({code: 0})
  expect(await omni(['alias', 'remove', 'alias', 'help', 'up', 'version'], {home})).toMatchObject({code: 0})
})

it('a broken configuration takes the aliases away and nothing else', async () => {
  await writeFile(config(), 'aliases: [oops\n')

  expect(await omni(['--version'], {home})).toMatchObject({code: 0})
  expect(await omni(['--help'], {home})).toMatchObject({code: 0})
  expect(await omni(['alias', 'list'], {home})).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('config.yaml:'),
  })
})
