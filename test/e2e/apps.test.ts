import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Release, Service} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {startLoad} from '../../examples/load.ts'
import {webPlan, webServer, writeApp} from './app-folder.ts'
import {createHome, omni, processesOf, removeHome} from './harness.ts'

let home: string
beforeAll(async () => {
  home = await createHome()
})
afterAll(() => removeHome(home))

const run = (...args: string[]) => omni(args, {home})
const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await run(...args, '-o', 'json')).stdout)
const webUrl = async () => (await json<Service>('status', 'web')).endpoints.find(({via}) => via === 'local')?.url ?? ''
const answer = async () => (await fetch(await webUrl())).text()

/** What still runs, for a message that tells something. */
const commandsOf = async (folder: string) =>
  Promise.all((await processesOf(folder)).map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => 'gone')))

describe('the life of a service', () => {
  let dir: string
  beforeAll(async () => {
    dir = await writeApp(home, 'shop', {'omni.yaml': webPlan(), 'server.mjs': webServer('one')})
  })

  it('shows what it would do, and does nothing', async () => {
    const dry = await run('up', dir, '--dry-run')

    expect(dry).toMatchObject({code: 0, stdout: expect.stringContaining('service/web')})
    expect((await json<{services: Service[]}>('status')).services).toEqual([])
  })

  it('comes up, and the endpoint that is printed answers', async () => {
    const up = await run('up', dir)

    expect(up.code, up.stderr).toBe(0)
    const url = await webUrl()
    expect(up.stdout).toContain(url)
    expect(up.stdout).toContain('answers 200')
    expect(await (await fetch(url)).text()).toBe('one')
  })

  it('changes nothing when nothing changed', async () => {
    const again = await run('up', dir)

    expect(again).toMatchObject({code: 0, stdout: expect.stringContaining('nothing to change')})
    expect(await json<Release[]>('releases', 'web')).toHaveLength(1)
  })

  it('is told about by status, health and logs', async () => {
    const status = await run('status')
    const lines = await json<{text: string; replica: string; level: string}[]>('logs', 'web')

    expect(status).toMatchObject({code: 0, stdout: expect.stringMatching(/web\s+running\s+1\/1/)})
    expect(await run('health')).toMatchObject({code: 0, stdout: expect.stringContaining('answers 200')})
    expect(lines).toContainEqual(expect.objectContaining({text: 'listens one', replica: 'web-0', level: 'info'}))
    expect((await run('logs', 'service/web', '--level', 'error')).stdout).toBe('')
    expect((await run('logs', 'service', 'web', '--tail', '1')).stdout).toMatch(/^\S+Z web-0 .+\n$/)
  })

  it('scales, either way of writing it', async () => {
    expect(await run('scale', 'web', '3')).toMatchObject({code: 0, stdout: expect.stringContaining('3 ready replicas')})
    expect((await json<Service>('status', 'service/web')).runningReplicas).toBe(3)
    expect((await run('scale', 'service', 'web', '--replicas', '2')).code).toBe(0)
    expect((await json<Service>('status', 'web')).replicas).toHaveLength(2)
  })

  it('takes a new version without a lost request', async () => {
    await writeFile(join(dir, 'server.mjs'), webServer('two'))
    const load = startLoad({url: await webUrl(), ratePerSecond: 100})
    const up = await run('up', dir)
    const result = await load.stop()

    expect(up.code, up.stderr).toBe(0)
    expect(result.failures).toEqual({})
    expect(result.sent).toBeGreaterThan(10)
    expect(await answer()).toBe('two')
    expect((await json<Service>('status', 'web')).runningReplicas).toBe(2)
  })

  it('refuses a version that does not start, tells why, and serves the one before', async () => {
    await writeFile(
      join(dir, 'server.mjs'),
      webServer('three', 'process.stderr.write("no database\\n"); process.exit(3)'),
    )
    const up = await run('up', dir)
    const data = await run('up', dir, '-o', 'json')

    expect(up.code).toBe(9)
    expect(up.stderr).toContain('no database')
    expect(up.stderr).toContain('code 3')
    expect(up.stderr).toMatch(/release r\d+ still serves with 2 of 2 replicas/)
    expect(data.code).toBe(9)
    expect(JSON.parse(data.stdout).error).toMatchObject({code: 'DEPLOY_FAILED'})
    expect(await answer()).toBe('two')
  })
})

describe('the later life of the same service', () => {
  it('goes back to the release before, and to a named one', async () => {
    expect((await run('rollback', 'web')).code).toBe(0)
    expect(await answer()).toBe('one')
    expect((await run('rollback', 'web', '--to', 'r2')).code).toBe(0)
    expect(await answer()).toBe('two')
    expect((await run('rollback', 'web', '--to', 'r99')).code).toBe(4)
    const releases = await json<Release[]>('releases', 'web')
    expect(releases.filter(({status}) => status === 'active')).toHaveLength(1)
    expect(releases.filter(({status}) => status === 'failed').length).toBeGreaterThan(0)
  })

  it('stops, starts and restarts', async () => {
    expect((await run('stop', 'web')).code).toBe(0)
    expect(await json<Service>('status', 'web')).toMatchObject({status: 'stopped', runningReplicas: 0})
    expect((await run('service', 'start', 'web')).code).toBe(0)
    expect(await answer()).toBe('two')
    const before = (await json<Service>('status', 'web')).replicas.map(({pid}) => pid)
    expect((await run('restart', 'web')).code).toBe(0)
    const after = (await json<Service>('status', 'web')).replicas.map(({pid}) => pid)
    expect(after).toHaveLength(before.length)
    expect(after.some((pid) => before.includes(pid))).toBe(false)
    expect((await run('service', 'stop', 'web', '--host', 'elsewhere')).code).toBe(4)
    expect((await run('stop', '--all')).code).toBe(2)
    expect((await run('stop', '--all', '--yes')).code).toBe(0)
  })

  it('is gone after delete, and nothing runs after the server is stopped', async () => {
    expect((await run('delete', 'service', 'web', '--yes')).code).toBe(0)
    expect((await run('status', 'web')).code).toBe(4)
    expect((await run('server', 'stop', '--workloads', 'stop')).code).toBe(0)
    // The supervisor leaves by itself a few seconds after it has nothing to look after.
    const left = async () => (await commandsOf(home)).filter((command) => !command.includes('/supervisor/main.js'))
    await expect.poll(left).toEqual([])
  })
})

describe('folders without a plan', () => {
  afterAll(() => run('server', 'stop', '--workloads', 'stop'))

  it('a static site is served by itself, without what is hidden', async () => {
    const dir = await writeApp(home, 'docs', {
      'index.html': '<p>hi</p>',
      'a/b.txt': 'b',
      '.env': 'SECRET=1',
      '.hidden': 'x',
    })

    const up = await run('up', dir)
    const {services} = JSON.parse((await run('status', '-o', 'json')).stdout)
    const url = services.find(({name}: Service) => name === 'docs').endpoints[0].url

    expect(up.code, up.stderr).toBe(0)
    expect(up.stderr).toContain('secrets are never packed: .env')
    expect(await (await fetch(url)).text()).toBe('<p>hi</p>')
    expect((await fetch(`${url}/a/b.txt`)).headers.get('content-type')).toContain('text/plain')
    for (const path of ['.env', '.hidden', '.omni/static-server.mjs', '..%2f..%2fetc%2fpasswd', '%00', '%zz', 'none']) {
      expect([400, 404], path).toContain((await fetch(`${url}/${path}`)).status)
    }
  })

  it('a Procfile makes a service of each process, and --component names one', async () => {
    const dir = await writeApp(home, 'mail', {
      Procfile: 'web: node server.mjs\nworker: echo started; exec sleep 300',
      'server.mjs': webServer('mail'),
    })

    const up = await run('up', dir)

    expect(up.code, up.stderr).toBe(0)
    expect((await run('scale', 'mail', '2', '--component', 'worker')).code).toBe(0)
    expect((await run('logs', 'mail', '--component', 'worker')).stdout).toContain('started')
    expect((await run('stop', '--project', 'mail')).code).toBe(0)
    expect(await json<Service>('status', 'mail-worker')).toMatchObject({status: 'stopped'})
  })

  it('production asks first, and says so where nobody can answer', async () => {
    const dir = await writeApp(home, 'prod', {
      'omni.yaml': `${webPlan()}environments:\n  production: {services: {web: {env: {A: b}}}}\n`,
      'server.mjs': webServer('prod'),
    })

    const asked = await run('up', dir, '--env', 'production')
    expect(asked).toMatchObject({code: 2, stderr: expect.stringContaining('--yes')})
    expect(asked.stderr).toContain('create service/web')
    expect((await run('up', dir, '--env', 'production', '--yes')).code).toBe(0)
    expect((await json<Service>('status', 'web')).spec.env).toEqual({A: 'b'})
    expect((await run('up', dir, '--env', 'moon')).code).toBe(3)
  })

  it('deploy takes the services folder, and only what is named', async () => {
    const service = (name: string) =>
      `[[service]]\nname = "${name}"\nruntime = "process"\ncommand = "sleep 300"\nstop_grace_secs = 1\n`
    const dir = await writeApp(home, 'orca', {
      'services/one/service.toml': service('one'),
      'services/two/service.toml': service('two'),
    })

    const deployed = await omni(['deploy', 'two', '-o', 'json'], {home, cwd: dir})

    expect(deployed.code, deployed.stderr).toBe(0)
    expect(JSON.parse(deployed.stdout)).toMatchObject({ok: true, operations: [{ref: 'service/two', action: 'create'}]})
    expect((await run('status', 'one')).code).toBe(4)
    expect((await omni(['deploy', 'tow'], {home, cwd: dir})).stderr).toContain('two')
  })
})
