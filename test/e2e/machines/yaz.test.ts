import {chmod, mkdir, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest'
import {OMNI_BIN, type OmniResult, run as runProgram} from '../harness.ts'
import {createIncusHome, type IncusHome, socket} from './incus.ts'
import {createMultipassHome, type MultipassHome} from './multipass.ts'

vi.setConfig({testTimeout: 120_000})

/** The plan of YAZ with its own keys and sizes; commands for the first boot that the images of the tests have. */
const yazPlan = (type: 'container' | 'vm', profiles = '') => `
instances:
  yaz-gateway:
    image: "ubuntu:22.04"
    type: "${type}"
    memory: "1GB"
    cpus: 2
    metadata:
      role: "gateway"
      environment: "demo"
    network:
      type: "bridge"
      ipv4: "auto"
    cloud_init: |
      #cloud-config
      runcmd:
        - echo "it's \\"here\\" $((6*7))" > /tmp/first-boot
  yaz-worker-1:
    image: "ubuntu:22.04"
    type: "${type}"
    memory: "2GB"
    cpus: 2
    metadata: {role: "worker", environment: "demo"}
  yaz-storage:
    image: "ubuntu:22.04"
    type: "${type}"
    memory: "1GB"
    cpus: 1
    metadata: {role: "storage", environment: "demo"}
${profiles}`

const PROFILE = `
profiles:
  yaz:
    description: "Profile for YAZ instances"
    config:
      limits.cpu: "2"
      limits.memory: "2GB"
`

interface Lab {
  readonly lab: IncusHome | MultipassHome
  readonly engine: 'incus' | 'multipass'
  readonly plan: string
  /** Machines that are not the plan's. */
  readonly others: readonly string[]
  /** Stops a machine behind the back of omni. */
  stopByHand(name: string): Promise<unknown>
}

const NAMES = ['yaz-gateway', 'yaz-storage', 'yaz-worker-1']

/** The text that a command prints, when it ended well. */
function fine({code, stdout, stderr}: OmniResult): string {
  expect(`${code} ${stderr}`).toMatch(/^0 /)
  return stdout
}

/** Opens the lab before the tests that use it, and what they run there. */
function useLab(open: () => Promise<Lab>) {
  let at: Lab
  const cli = (...args: string[]): Promise<OmniResult> => at.lab.cli(...args)
  beforeAll(async () => {
    at = await open()
    const bin = join(at.lab.home, 'bin')
    await mkdir(bin)
    await writeFile(join(bin, 'omni'), `#!/bin/sh\nexec '${process.execPath}' '${OMNI_BIN}' "$@"\n`)
    await chmod(join(bin, 'omni'), 0o755)
    fine(await cli('init', '--makefile'))
  }, 120_000)
  afterAll(() => at?.lab.remove(), 120_000)
  return {
    at: () => at,
    cli,
    make(...targets: string[]) {
      const variables = [`PLAN=${at.plan}`, `ENGINE=${at.engine}`]
      const {home} = at.lab
      const PATH = `${join(home, 'bin')}:${'env' in at.lab ? at.lab.env.PATH : process.env.PATH}`
      return runProgram(['make', ...variables, ...targets], {home, env: {PATH, OMNI_YES: '1'}, timeoutMs: 120_000})
    },
    async statusOf(name: string): Promise<string> {
      const [found] = JSON.parse(fine(await cli('get', 'instance', name, '-o', 'json')))
      return found.status
    },
  }
}

type Tools = ReturnType<typeof useLab>

function beginningCommands({at, cli, make, statusOf}: Tools): void {
  test('make incus.init, and init: the engine that is there is found', async () => {
    fine(await make('incus.init'))
    fine(await cli('init', '--instances', at().engine, '--yes'))
  })

  test('make env.apply, and apply plans/demo.yaml: three machines, cloud-init done, and again: nothing', async () => {
    fine(await make('env.apply'))
    expect(fine(await cli('exec', 'yaz-gateway', 'cat /tmp/first-boot'))).toBe('it\'s "here" 42\n')
    expect(fine(await cli('apply', 'plans/demo.yaml'))).toContain('nothing to do: ')
  })

  test('make env.status, and status: each with its state, address and memory', async () => {
    const shown = fine(await make('env.status'))
    for (const name of NAMES) expect(shown).toMatch(new RegExp(`${name} +running .*\\d+\\.\\d+\\.\\d+\\.\\d+`))
    expect(fine(await cli('status'))).toContain('yaz-gateway')
  })

  test('make env.health, and health --json: a stable shape, and an exit status that says it', async () => {
    fine(await make('env.health'))
    const {status, instances} = JSON.parse(fine(await cli('health', '--json')))
    expect(status).toBe('healthy')
    const ours = instances.filter(({name}: {name: string}) => NAMES.includes(name))
    expect(ours.map(({healthy}: {healthy: boolean}) => healthy)).toEqual([true, true, true])
    await at().stopByHand('yaz-storage')
    expect((await cli('health', '--json')).code).toBe(9)
    await make('env.recover')
    // A machine that has just been started may need a moment.
    await poll({everyMs: 500, timeoutMs: 60_000}, async () => (await cli('health', '--json')).code === 0)
    expect(await statusOf('yaz-storage')).toBe('running')
  })
}

function workingCommands({at, cli, make, statusOf}: Tools): void {
  test('exec yaz-gateway "uptime", and its own exit status', async () => {
    expect(fine(await cli('exec', 'yaz-gateway', 'uptime'))).toMatch(/load average/)
    expect((await cli('exec', 'yaz-gateway', 'exit 42')).code).toBe(42)
  })

  test('snapshot yaz-gateway backup-001: one', async () => {
    fine(await cli('snapshot', 'yaz-gateway', 'backup-001', '--stop'))
    expect(fine(await cli('snapshot', 'list', 'yaz-gateway'))).toContain('backup-001')
  })

  test('make env.snapshot: all of the plan under one name', async () => {
    if (at().engine === 'incus') fine(await make('env.snapshot'))
    else fine(await cli('snapshot', '-l', 'environment=demo', '--stop'))
    const listed: {instance: string; name: string}[] = JSON.parse(fine(await cli('snapshot', 'list', '-o', 'json')))
    const stamped = listed.filter(({name}) => /^omni-\d{8}t\d{6}z$/.test(name))
    expect(new Set(stamped.map(({name}) => name)).size).toBe(1)
    expect(stamped.map(({instance}) => instance).sort()).toEqual(NAMES)
  })

  test('make env.stop and env.start: those of the plan, and no others', async () => {
    fine(await make('env.stop'))
    expect(await statusOf('yaz-worker-1')).toBe('stopped')
    for (const other of at().others) expect(await statusOf(other)).toBe('running')
    fine(await make('env.start'))
    expect(await statusOf('yaz-worker-1')).toBe('running')
  })

  test('make env.logs, and exec yaz-gateway "journalctl -n 50": logs of all, and of one', async () => {
    fine(await cli('exec', '-l', 'environment=demo', 'echo booted > /var/log/syslog'))
    fine(await make('env.logs'))
    const logs = fine(await cli('logs', 'yaz-gateway', '--tail', '50'))
    // In a machine of the other engine the journal comes first, and it is that of the tester.
    if (at().engine === 'incus') expect(logs).toContain('booted')
    expect(fine(await cli('exec', 'yaz-gateway', 'tail -n 50 /var/log/cloud-init-output.log'))).toMatch(/cloud-init/i)
  })

  test('files go in and come out', async () => {
    const file = await at().lab.write('motd', 'hello\n')
    fine(await cli('cp', file, 'yaz-gateway:/tmp/motd'))
    fine(await cli('cp', 'yaz-gateway:/tmp/motd', join(at().lab.home, 'motd.back')))
    expect(fine(await cli('exec', 'yaz-gateway', 'cat /tmp/motd'))).toBe('hello\n')
  })
}

function changingCommands({at, cli, make}: Tools): void {
  test('a field that is another one than in the plan is shown, changed, and then as wanted', async () => {
    const {lab, plan} = at()
    const before = await readFile(plan, 'utf8')
    await lab.write('plans/demo.yaml', before.replace('cpus: 1', 'cpus: 2'))
    const diff = await cli('diff', 'plans/demo.yaml', '--exit-code')
    expect([diff.code, diff.stdout]).toEqual([10, expect.stringMatching(/cpus.*1.*2/)])
    fine(await cli('apply', 'plans/demo.yaml', '--yes'))
    expect((await cli('diff', 'plans/demo.yaml', '--exit-code')).code).toBe(0)
  })

  test('switch PROVIDER is kept: one that cannot be used is refused, one that can is there in the next command', async () => {
    const other = at().engine === 'incus' ? 'multipass' : 'incus'
    expect((await cli('switch', other)).code).toBe(7)
    expect(fine(await cli('get', 'instances'))).toContain('yaz-gateway')
    fine(await cli('switch', other, '--force'))
    expect((await cli('get', 'instances')).code).toBe(7)
    fine(await cli('switch', at().engine))
    expect(fine(await cli('get', 'instances'))).toContain('yaz-gateway')
  })

  test('make env.destroy, and destroy --plan plans/demo.yaml: those of the plan, and no others', async () => {
    const asked = await cli('destroy', '--plan', 'plans/demo.yaml')
    expect(asked.code, 'without a terminal it does not go on by itself').toBe(2)
    fine(await make('env.destroy'))
    fine(await cli('destroy', '--plan', 'plans/demo.yaml', '--yes'))
    const left = JSON.parse(fine(await cli('get', 'instances', '-o', 'json')))
    expect(left.map(({name}: {name: string}) => name).sort()).toEqual([...at().others].sort())
  })
}

/** Each command line of the document, in its order; the same on both engines. */
function yazCommands(open: () => Promise<Lab>): void {
  const tools = useLab(open)
  beginningCommands(tools)
  workingCommands(tools)
  changingCommands(tools)
}

describe.skipIf(socket === undefined)('the commands of YAZ on Incus', () => {
  yazCommands(async () => {
    const lab = await createIncusHome({images: {'ubuntu:22.04': 'local:omni-test/cloud'}})
    const others = ['yaz-worker-10', 'mine']
    await Promise.all(others.map((name) => lab.incus('launch', 'omni-test/busybox', name)))
    const plan = await lab.write('plans/demo.yaml', yazPlan('container', PROFILE))
    return {lab, engine: 'incus', plan, others, stopByHand: (name) => lab.incus('stop', '--force', name)}
  })
})

/** Needs no engine, but the time of one: it runs where they do. */
describe.skipIf(socket === undefined)('the commands of YAZ on Multipass', () => {
  yazCommands(async () => {
    const lab = await createMultipassHome()
    const plan = await lab.write('plans/demo.yaml', yazPlan('vm'))
    const others = ['yaz-worker-10']
    const multipass = (...args: string[]) => runProgram(['multipass', ...args], lab)
    await multipass('launch', '22.04', '-n', 'yaz-worker-10')
    return {lab, engine: 'multipass', plan, others, stopByHand: (name) => multipass('stop', name)}
  })
})
