import {spawn} from 'node:child_process'
import {chown, mkdir} from 'node:fs/promises'
import {join} from 'node:path'
import {poll} from '@omni-cli/sdk'
import {afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi} from 'vitest'
import {OMNI_BIN, omniEnv, run as runProgram} from '../harness.ts'
import {type CuttingProxy, startCuttingProxy} from './cutting-proxy.ts'
import {createIncusHome, type IncusHome, socket} from './incus.ts'

vi.setConfig({testTimeout: 120_000})
const real = test.skipIf(socket === undefined)
const asRoot = test.skipIf(socket === undefined || process.getuid?.() !== 0)

let lab: IncusHome
let proxy: CuttingProxy

beforeAll(async () => {
  if (socket === undefined) return
  lab = await createIncusHome()
  proxy = await startCuttingProxy(join(lab.home, 'cut.sock'), socket)
}, 60_000)
afterEach(async () => {
  if (socket !== undefined) for (const name of await lab.names()) await lab.incus('delete', '--force', name)
})
afterAll(async () => {
  await proxy?.close()
  await lab?.remove()
}, 60_000)

type Specs = Readonly<Record<string, Readonly<Record<string, unknown>>>>

const image = 'omni-test/busybox'
const plan = (instances: Specs, rest: object = {}) =>
  lab.write('plan.yaml', JSON.stringify({instances, ...rest}, undefined, 1))

/** Four machines, two of them after others. */
const CHAIN: Specs = {
  'w-1': {image},
  'w-10': {image, depends_on: ['w-1']},
  w: {image, depends_on: ['w-10']},
  side: {image},
}

/** Applying again makes all of it, and a third time nothing. */
async function expectToConverge(file: string, names: readonly string[]): Promise<void> {
  const again = await lab.cli('apply', file, '--yes')
  expect(`${again.code} ${again.stderr}`).toMatch(/^0 /)
  expect((await lab.cli('apply', file)).stdout).toContain(`nothing to do: ${names.length} as wanted`)
  expect((await lab.names()).sort()).toEqual([...names].sort())
}

/** Settings of the context for one test. */
async function withSettings(settings: Readonly<Record<string, unknown>>): Promise<void> {
  const write = (incus: object) =>
    lab.write(
      '.ome/config.yaml',
      JSON.stringify({
        'current-context': 'default',
        contexts: [{name: 'default', providers: {instances: 'incus'}, incus}],
      }),
    )
  const usual = {url: `unix:${lab.socket}`, project: lab.project}
  await write({...usual, ...settings})
  onTestFinished(async () => void (await write(usual)))
}

/** Starts it and sends SIGINT after a while; its exit status as a shell tells it. */
function interrupted(args: readonly string[], afterMs: number): Promise<number | null> {
  const child = spawn(process.execPath, [OMNI_BIN, ...args], {env: omniEnv(lab.home), stdio: 'ignore'})
  const timer = setTimeout(() => child.kill('SIGINT'), afterMs)
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve(signal === 'SIGINT' ? 130 : code)
    })
  })
}

real(
  'bad names, sizes, cycles and unknown things are told all at once, with their places, before anything is made',
  async () => {
    const file = await plan({
      '9lives': {image},
      under_score: {image},
      big: {image, memory: '12 bananas'},
      a: {image, depends_on: ['b']},
      b: {image, depends_on: ['a']},
    })
    const {code, stderr} = await lab.cli('apply', file)
    expect(code).toBe(3)
    for (const word of ['9lives', 'under_score', '12 bananas']) expect(stderr).toContain(word)
    expect(stderr).toMatch(/plan\.yaml:\d+:\d+/)
    const cycle = await lab.cli('apply', await plan({a: {image, depends_on: ['b']}, b: {image, depends_on: ['a']}}))
    expect([cycle.code, cycle.stderr]).toEqual([3, expect.stringMatching(/cycle|each other/)])
    expect(await lab.names()).toEqual([])
  },
)

real('what the daemon cannot honour is refused with its lines before anything is made', async () => {
  const file = await plan({
    fine: {image},
    one: {image, profiles: ['nope']},
    two: {image: 'omni-test/none'},
    three: {image, type: 'vm'},
  })
  const {code, stderr} = await lab.cli('apply', file)
  expect(code).not.toBe(0)
  for (const word of ['nope', 'omni-test/none', 'three']) expect(stderr).toContain(word)
  expect(stderr).toMatch(/plan\.yaml:\d+/)
  expect(await lab.names()).toEqual([])
})

real('1G is a size: ten to the nine, told the same by Incus', async () => {
  const file = await plan({w: {image, memory: '1G'}})
  expect((await lab.cli('apply', file)).code).toBe(0)
  expect(await lab.incus('config', 'get', 'w', 'limits.memory')).toBe('1GB\n')
  await expectToConverge(file, ['w'])
})

real('a daemon that is down is said to be so, and nothing is promised', async () => {
  await withSettings({url: `unix:${join(lab.home, 'nobody.sock')}`})
  const file = await plan(CHAIN)
  for (const args of [
    ['apply', file],
    ['get', 'instances'],
    ['diff', file],
    ['destroy', '--plan', file, '--yes'],
  ]) {
    const {code, stderr} = await lab.cli(...args)
    expect([code, stderr], args.join(' ')).toEqual([7, expect.stringContaining('nobody.sock')])
  }
  expect((await lab.cli('health')).code).toBe(7)
  expect((await lab.cli('provider', 'check')).stdout).toMatch(/unavailable incus/)
})

asRoot('a socket without permission says so, and how to get it', async ({skip}) => {
  const {home} = lab
  const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const {code: unreadable} = await runProgram([...asNobody, 'test', '-r', OMNI_BIN], {home})
  skip(unreadable !== 0, 'others may not enter the folder of the program')
  await mkdir(join(home, 'nobody/.ome'), {recursive: true})
  for (const folder of [home, join(home, 'nobody'), join(home, 'nobody/.ome')]) await chown(folder, 65_534, 65_534)
  onTestFinished(() => chown(home, 0, 0))
  const argv = [...asNobody, process.execPath, OMNI_BIN]
  const env = {HOME: join(home, 'nobody'), OMNI_HOME: join(home, 'nobody/.ome'), INCUS_SOCKET: lab.socket}
  const {code, stderr} = await runProgram([...argv, 'get', 'instances', '--provider', 'incus'], {home, env})
  expect([code, stderr]).toEqual([7, expect.stringMatching(/permission|may not|allowed/i)])
  expect(stderr).toMatch(/try: .*(incus-admin|usermod)/)
})

real('a project that there is not is no empty project', async () => {
  await withSettings({project: 'no-such-project'})
  for (const args of [
    ['get', 'instances'],
    ['apply', await plan(CHAIN)],
  ]) {
    const {code, stderr} = await lab.cli(...args)
    expect(code).not.toBe(0)
    expect(stderr).toContain('no-such-project')
  }
})

real('a name that is taken in another project is told, and that machine is not touched', async () => {
  const other = await createIncusHome()
  onTestFinished(() => other.remove())
  await other.incus('launch', image, 'w-1')
  const before = await other.incus('list', '-f', 'json')
  const file = await plan(CHAIN)
  expect((await lab.cli('apply', file)).code).toBe(0)
  expect((await lab.cli('destroy', '--plan', file, '--yes')).code).toBe(0)
  const startedAt = (text: string) => JSON.parse(text).map((one: {state: {started_at: string}}) => one.state.started_at)
  expect(startedAt(await other.incus('list', '-f', 'json'))).toEqual(startedAt(before))
})

real('an exec whose connections are cut ends, and not well', async () => {
  await withSettings({url: `unix:${proxy.path}`})
  await lab.incus('launch', image, 'w')
  const running = lab.cli('exec', 'w', '--', 'sleep', '1000')
  await poll({everyMs: 20, timeoutMs: 20_000}, () => proxy.upgraded() >= 4)
  proxy.cut('websockets')
  const {code, stderr} = await running
  expect(code).not.toBe(0)
  expect(stderr).toMatch(/error: /)
})

real('an apply whose websockets are cut all the time ends as it should', async () => {
  await withSettings({url: `unix:${proxy.path}`})
  const cutting = setInterval(() => proxy.cut('websockets'), 40)
  onTestFinished(() => clearInterval(cutting))
  const file = await plan(CHAIN)
  const {code, stderr} = await lab.cli('apply', file)
  clearInterval(cutting)
  expect(`${code} ${stderr}`).toMatch(/^0 /)
  await expectToConverge(file, Object.keys(CHAIN))
})

real('after an apply that lost all of its connections, the next one converges', async () => {
  await withSettings({url: `unix:${proxy.path}`})
  const file = await plan(CHAIN)
  const running = lab.cli('apply', file)
  await poll({everyMs: 10, timeoutMs: 20_000}, async () => (await lab.names()).length > 0)
  proxy.cut('all')
  await running
  await expectToConverge(file, Object.keys(CHAIN))
})

asRoot('a pool that is full is told by its reason, nothing half is left, and what fits is done', async () => {
  const folder = join(lab.home, 'small-pool')
  await mkdir(folder)
  const run = (...argv: string[]) => runProgram(argv, {home: lab.home})
  expect((await run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder)).code).toBe(0)
  const pool = `p${lab.project.slice(-8)}`
  await lab.incus('storage', 'create', pool, 'dir', `source=${folder}`)
  onTestFinished(async () => {
    await lab.incus('storage', 'delete', pool)
    await run('umount', folder)
  })
  const root = {root: {type: 'disk', path: '/', pool}}
  const {code, stderr} = await lab.cli('apply', await plan({fits: {image}, full: {image, devices: root}}))
  expect(code).toBe(9)
  expect(stderr).toMatch(/no space left|out of disk space/i)
  expect(await lab.names()).toEqual(['fits'])
})

real('a machine that is deleted by hand during an apply is made by the next one', async () => {
  const file = await plan(CHAIN)
  const running = lab.cli('apply', file)
  await poll({everyMs: 10, timeoutMs: 20_000}, async () => (await lab.names()).includes('w-1'))
  await poll({everyMs: 50, timeoutMs: 20_000}, () =>
    lab.incus('delete', '--force', 'w-1').then(
      () => true,
      () => false,
    ),
  )
  await running
  await expectToConverge(file, Object.keys(CHAIN))
})

real('of two applies at once one works, and the other says so or has nothing to do', async () => {
  const file = await plan(CHAIN)
  const codes = await Promise.all([lab.cli('apply', file), lab.cli('apply', file)])
  expect(codes.map(({code}) => code)).toContain(0)
  for (const {code} of codes) expect([0, 11]).toContain(code)
  await expectToConverge(file, Object.keys(CHAIN))
})

real('Ctrl-C at any moment ends with 130, and the next apply converges', async () => {
  const file = await plan(CHAIN)
  for (const afterMs of [250, 900, 1600]) {
    expect([130, 0], `after ${afterMs} ms`).toContain(await interrupted(['apply', file], afterMs))
    await expectToConverge(file, Object.keys(CHAIN))
    expect((await lab.cli('destroy', '--plan', file, '--yes')).code).toBe(0)
    expect(await lab.names()).toEqual([])
  }
})

const userData = (line: string) => `#cloud-config\nruncmd:\n  - ${line}\n`

real('a cloud-init that fails is told with what failed, and one that never ends by its deadline', async () => {
  const cloud = 'omni-test/cloud'
  const file = await plan({
    bad: {image: cloud, cloud_init: userData('cat /no/such/file')},
    never: {image: cloud, cloud_init: userData('sleep 100000'), wait: {timeout: '4s'}},
    good: {image: cloud, cloud_init: userData('touch /tmp/done')},
  })
  const {code, stderr} = await lab.cli('apply', file)
  expect(code).toBe(9)
  expect(stderr).toMatch(/bad.*cloud-init failed/)
  expect(stderr).toContain('/no/such/file')
  expect(stderr).toMatch(/never.*not ready after 4s.*cloud-init/)
  expect((await lab.cli('exec', 'good', 'test -e /tmp/done')).code).toBe(0)
  const again = await lab.cli('apply', file)
  expect(again.code, 'it does not count as done the next time').not.toBe(0)
})

real('what machines print or are called cannot steer the terminal', async () => {
  await lab.incus('launch', image, 'w')
  const sequence = '\u001b[31mred\u001b]0;title\u0007'
  await lab.incus('config', 'set', 'w', `user.role=${sequence}`)
  await lab.incus('exec', 'w', '--', 'sh', '-c', `printf '%s\\n' '${sequence}' > /var/log/syslog`)
  for (const args of [['get', 'instances', '-o', 'wide'], ['describe', 'instance', 'w'], ['status'], ['logs', 'w']]) {
    const {stdout, stderr} = await lab.run(args, {tty: true})
    expect(`${stdout}${stderr}`, args.join(' ')).not.toContain('\u001b]0;')
    expect(`${stdout}${stderr}`, args.join(' ')).not.toContain('\u001b[31mred')
  }
})
