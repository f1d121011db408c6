import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {createHome, omni, removeHome} from '../harness.ts'

let home = ''

beforeAll(async () => {
  home = await createHome()
})
afterAll(() => removeHome(home))

/** Nothing of an Incus that may be here is seen. */
const init = (...args: string[]) =>
  omni(['init', ...args], {home, env: {INCUS_DIR: join(home, 'none'), INCUS_SOCKET: join(home, 'none/socket')}})
const config = () => readFile(join(home, '.ome/config.yaml'), 'utf8').catch(() => '')

test('a dry run shows what is missing and changes nothing', async () => {
  const {code, stdout, stderr} = await init('--instances', 'incus', '--dry-run')
  // Where there is no way but by hand, that is told instead.
  expect([0, 6]).toContain(code)
  if (code === 0) expect(`${stdout}${stderr}`).toMatch(/these commands are missing for machines here:\n.*incus/s)
  expect(await config()).toBe('')
})

test('without a person to ask and without --yes nothing is run', async () => {
  const {code, stderr} = await init('--instances', 'incus')
  expect([2, 6]).toContain(code)
  if (code === 2) expect(stderr).toContain('--yes')
  expect(await config()).toBe('')
})

test('--no-install only writes the choice down', async () => {
  expect(await init('--instances', 'incus', '--no-install', '--yes')).toMatchObject({code: 0})
  expect(await config()).toContain('instances: incus')
})
