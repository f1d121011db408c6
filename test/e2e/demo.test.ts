import {spawnSync} from 'node:child_process'
import {mkdtempSync, realpathSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {processesOf, removeHome} from './harness.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** The demo installs a program from npm; without a registry there is nothing to show. */
const hasRegistry = spawnSync('npm', ['ping'], {timeout: 10_000, stdio: 'ignore'}).status === 0

let folder: string
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'omni-demo-')))
})
afterAll(async () => {
  await removeHome(folder)
  rmSync(folder, {recursive: true, force: true})
})

const demo = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'examples', 'demo.ts'), ...args], {
    env: {...process.env, OMNI_DEMO_DIR: join(folder, 'd'), NO_COLOR: '1'},
    cwd: root,
    encoding: 'utf8',
    timeout: 110_000,
  })

it.skipIf(!hasRegistry)(
  'the demo observes everything it claims, leaves it running, and removes everything',
  async () => {
    const shown = demo()

    expect(shown.status, shown.stdout + shown.stderr).toBe(0)
    expect(shown.stdout).toContain('hello reaches registry')
    expect(shown.stdout).toContain('version 1.0.0 serves again')
    const url = /hello\s+(http:\S+)/.exec(shown.stdout.split('goes on running')[1] ?? '')?.[1] ?? ''
    expect(await (await fetch(url)).json()).toMatchObject({version: '1.0.0'})
    expect(demo('--remove').status).toBe(0)
    await expect(fetch(url)).rejects.toThrow()
    await expect.poll(() => processesOf(folder), {timeout: 20_000, interval: 500}).toEqual([])
  },
  120_000,
)
