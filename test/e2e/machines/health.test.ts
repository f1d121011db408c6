import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, expect, test, vi} from 'vitest'
import {createIncusHome, type IncusHome, socket} from './incus.ts'

let lab: IncusHome
let plan = ''
const cli = (...args: string[]) => lab.cli(...args)

vi.setConfig({testTimeout: 120_000})
const real = test.skipIf(socket === undefined)

beforeAll(async () => {
  if (socket === undefined) return
  lab = await createIncusHome()
  plan = await lab.write(
    'plan.yaml',
    `instances:
  web: {image: omni-test/busybox, wait: {http: ':80', tcp: 80, exec: 'test -e /www/index.html', timeout: 30s}}
  db: {image: omni-test/busybox}
`,
  )
  const applied = await cli('apply', plan)
  if (applied.code !== 0) throw new Error(applied.stderr)
}, 120_000)
afterAll(() => lab?.remove(), 120_000)

/** Exit status and machines by name. */
async function health(...args: string[]) {
  const {code, stdout} = await cli('health', ...args, '-o', 'json')
  const report = JSON.parse(stdout)
  const machines = report.instances.map((one: {name: string}) => [one.name, one])
  return {code, report, machines: Object.fromEntries(machines)}
}

const statusOf = async (name: string) => (await lab.incus('list', `^${name}$`, '-c', 's', '-f', 'csv')).trim()

real('machines of a plan that answer as it says are healthy', async () => {
  const {code, report, machines} = await health('--plan', plan)
  expect({code, status: report.status}).toEqual({code: 0, status: 'healthy'})
  expect(machines.web).toEqual({
    name: 'web',
    provider: 'incus',
    status: 'running',
    wanted: 'running',
    healthy: true,
    readiness: {state: 'ready'},
    stoppedOnPurpose: false,
    file: `${plan}:2`,
  })
})

real('a machine that died is degraded, and recovery starts it; the others are not touched', async () => {
  const pid = async (name: string) => JSON.parse(await lab.incus('list', `^${name}$`, '-f', 'json'))[0].state.pid
  const before = await pid('db')
  await lab.incus('stop', '--force', 'web')
  const sick = await health()
  expect({code: sick.code, status: sick.report.status}).toEqual({code: 9, status: 'degraded'})
  expect(sick.machines.web).toMatchObject({wanted: 'running', healthy: false, reason: 'it is stopped, but should run'})
  expect(sick.report.recommendations[0].command).toBe('omni health --recover')
  expect((await cli('status')).code).toBe(9)
  const one = await cli('status', 'web')
  expect(one).toMatchObject({code: 9, stdout: expect.stringContaining('it is stopped, but should run')})
  expect((await cli('status', 'instance', 'db')).code).toBe(0)
  expect((await cli('get', 'instances', '-o', 'wide')).stdout).not.toContain('omni.')

  const healed = await health('--recover', '--plan', plan)
  expect(healed.code).toBe(0)
  expect(healed.report.recovered).toEqual([{name: 'web', action: 'start', ok: true, attempts: 1}])
  expect(healed.machines.web.readiness).toEqual({state: 'ready'})
  expect(await pid('db')).toBe(before)
  expect((await cli('status')).code).toBe(0)
})

real('what omni stop stopped stays so until it is named or started', async () => {
  expect((await cli('stop', 'db', '--force')).code).toBe(0)
  const {code, report, machines} = await health('--recover')
  expect(code).toBe(0)
  expect(report.recovered).toEqual([])
  expect(machines.db).toMatchObject({status: 'stopped', wanted: 'stopped', stoppedOnPurpose: true, healthy: true})
  expect(await statusOf('db')).toBe('STOPPED')
  expect((await cli('health', 'instance/db', '--recover')).code).toBe(0)
  expect(await statusOf('db')).toBe('RUNNING')
})

real('a machine that is gone is for apply to make, and one that does not answer says which probe', async () => {
  const other = await lab.write(
    'other.yaml',
    `instances:
  gone: {image: omni-test/busybox}
  web: {image: omni-test/busybox, wait: {tcp: 81}}
`,
  )
  const {code, machines, report} = await health('--plan', other)
  expect(code).toBe(9)
  expect(machines.gone).toMatchObject({status: 'absent', healthy: false, file: `${other}:2`})
  expect(machines.web.readiness).toMatchObject({
    state: 'not-ready',
    stage: 'port 81',
    seen: expect.stringContaining(':81'),
  })
  expect(report.recommendations.map(({command}: {command: string}) => command)).toContain(`omni apply ${other}`)
})

real('an engine that does not answer is critical', async () => {
  const settings = {url: `unix:${lab.home}/no.socket`}
  const contexts = [{name: 'lab', providers: {instances: 'incus'}, incus: settings}]
  await lab.write('dead/config.yaml', JSON.stringify({contexts}))
  const {code, stdout} = await lab.run(['health', '-o', 'json'], {env: {OMNI_HOME: `${lab.home}/dead`}})
  expect(code).toBe(7)
  expect(JSON.parse(stdout)).toMatchObject({status: 'critical', instances: []})
})

const cloud = (name: string, line: string, wait = '') =>
  lab.write(
    `${name}.yaml`,
    `instances:
  ${name}:
    image: omni-test/cloud
    ${wait}
    cloud_init: |
      #cloud-config
      runcmd:
        - ${line}
`,
  )

real('cloud-init is waited for', async () => {
  const file = await cloud('fine', 'sleep 1; echo made > /www/made')
  expect(await cli('apply', file)).toMatchObject({code: 0})
  expect((await cli('exec', 'fine', '--', 'cat', '/www/made')).stdout).toBe('made\n')
})

real('cloud-init that fails ends the apply with the lines of it', async () => {
  const {code, stderr} = await cli('apply', await cloud('broken', 'no-such-program --now'))
  expect(code).not.toBe(0)
  expect(stderr).toContain("'broken' is not ready: cloud-init failed: runcmd failed: no-such-program --now")
  expect(stderr).toContain('│ Failed running no-such-program --now')
})

real('cloud-init that never ends is a time-out that names it', async () => {
  const file = await cloud('endless', 'echo begun; sleep 600', 'wait: {timeout: 4s}')
  const {code, stderr} = await cli('apply', file)
  expect(code).not.toBe(0)
  expect(stderr).toContain("'endless' is not ready after 4s: waiting for cloud-init")
  expect(stderr).toContain('│ begun')
})

real('a machine that is cut off while it is waited for ends the wait long before its deadline', async () => {
  const file = await cloud('cut', 'sleep 600', 'wait: {timeout: 10m}')
  const applying = cli('apply', file)
  await poll({everyMs: 200, timeoutMs: 60_000}, async () => {
    const seen = await cli('exec', 'cut', '--', 'pidof', 'sleep')
    return seen.code === 0
  })
  await lab.incus('stop', '--force', 'cut')
  const {code, stderr} = await applying
  expect(code).not.toBe(0)
  expect(stderr).toMatch(/'cut' stopped while it was waited for \((an address|cloud-init)\)/)
})
