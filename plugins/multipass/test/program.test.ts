import {execFile} from 'node:child_process'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {createTempHome, type TempHome} from '@omni-cli/testkit'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest'
import {type MultipassProgram, makeMultipassProgram} from './program/make-program.ts'
import {programExec} from './program/run-program.ts'
import type {Fault} from './program/store.ts'

let home: TempHome
let program: MultipassProgram

const open = async () => {
  home = await createTempHome()
  program = await makeMultipassProgram(home.path)
}
const close = () => home[Symbol.asyncDispose]()

const run = (line: string, input?: string) => programExec(program)(['multipass', ...line.split(' ')], {input})
const json = async (line: string) => JSON.parse((await run(`${line} --format json`)).stdout)
const after = async (...lines: string[]) => {
  for (const line of lines) await run(line)
}

describe('the test program refuses as Multipass does', () => {
  beforeAll(async () => {
    await open()
    await after('launch 22.04 --name web', 'launch 22.04 --name trashed', 'delete trashed')
  })
  afterAll(close)

  it.each<[string, number, string]>([
    ['launch 22.04 --name a --memory 12x', 1, 'error: 12x is not a valid memory size'],
    ['launch 22.04 --name a --memory 1M', 2, 'launch failed: Invalid arguments supplied'],
    ['launch 22.04 --name a --disk 600M', 2, 'below minimum for this image'],
    ['launch 22.04 --name 1a', 2, 'Invalid instance name supplied: 1a'],
    ['launch ubuntu:22.04 --name a', 2, 'Remote "ubuntu" is unknown or unreachable'],
    ['launch debian --name a', 2, 'Unable to find an image matching "debian"'],
    ['launch --name a --cloud-init /tmp/x.yaml', 1, 'Please ensure that Multipass can read it.'],
    ['launch --name a --bridged', 2, 'local.bridged-network'],
    ['launch --name web', 2, 'launch failed: instance "web" already exists'],
    ['launch --no-such', 1, "Unknown option 'no-such'."],
    ['start absent', 2, "start failed: Instance 'absent' does not exist."],
    ['stop absent', 2, 'stop failed: instance "absent" does not exist'],
    ['info absent web gone', 2, 'The following errors occurred:\ninstance "absent" does not exist'],
    ['start trashed', 2, "start failed: Instance 'trashed' is deleted."],
    ['exec trashed -n -- true', 2, 'exec failed: instance "trashed" is deleted'],
    ['snapshot web', 2, 'Multipass can only take snapshots of stopped instances.'],
    ['clone web', 2, 'Multipass can only clone stopped instances.'],
    ['restore web.one', 2, 'restore failed: Multipass can only restore stopped instances.'],
    ['set local.web.cpus=2', 2, 'Instance must be stopped for modification'],
    ['set no.such=1', 2, 'Unrecognized settings key'],
    ['exec web -d / -n -- true', 1, 'clash'],
    ['transfer /etc/hostname web:/tmp/x', 2, 'Permission denied'],
    ['wait-ready', 1, "Unknown command or alias 'wait-ready'"],
  ])('%s → %i %s', async (line, exitCode, text) => {
    const result = await run(line)

    expect(result).toMatchObject({exitCode})
    expect(result.stderr).toContain(text)
  })
})

describe('the test program does as Multipass does', () => {
  beforeEach(open)
  afterEach(close)

  it('writes the codes of its spinner before what it has launched', async () => {
    const {stdout} = await run('launch jammy --name web')

    expect(stdout).toMatch(/^\u001b\[2K/)
    expect(stdout).toMatch(/Launched: web\n$/)
  })

  it('lists machines, also those in the trash, whose names stay taken until they are purged', async () => {
    await after('launch 22.04 --name web', 'launch noble --name old', 'delete old')

    expect(await json('list')).toEqual({
      list: [
        {name: 'old', state: 'Deleted', ipv4: [], release: 'Not Available'},
        {name: 'web', state: 'Running', ipv4: [expect.any(String)], release: 'Ubuntu 22.04 LTS'},
      ],
    })
    expect((await run('launch --name old')).exitCode).toBe(2)
    await run('recover old')
    expect((await json('info old')).info.old).toMatchObject({state: 'Stopped', load: [], disks: {sda1: {}}, memory: {}})
    await after('delete old', 'delete --purge web', 'purge')
    expect(await json('list')).toEqual({list: []})
  })

  it('tells counts and sizes as texts, and nothing of the machine itself when it need not run', async () => {
    await run('launch 22.04 --name web -c 2 -m 2G')

    const {web} = (await json('info web')).info
    expect(web).toMatchObject({cpu_count: '2', snapshot_count: '0', disks: {sda1: {total: expect.any(String)}}})
    expect(web.memory.total).toBeTypeOf('number')
    expect((await json('info web --no-runtime-information')).info.web).toMatchObject({cpu_count: '', memory: {}})
  })
})

describe('machines of the test program are real', () => {
  beforeEach(open)
  afterEach(close)

  it('keeps snapshots and clones as real copies', async () => {
    await after('launch 22.04 --name web')
    await run('transfer - web:/tmp/state', 'before')
    await after('stop web', 'snapshot web -n one', 'clone web -n twin', 'start web')
    await run('transfer - web:/tmp/state', 'after')

    expect((await json('info web --snapshots')).info.web.snapshots.one).toMatchObject({parent: '', children: []})
    expect(await json('list --snapshots')).toEqual({errors: [], info: {web: {one: {parent: '', comment: ''}}}})
    await after('stop web', 'restore web.one --destructive', 'start web', 'start twin')
    expect((await run('transfer web:/tmp/state -')).stdout).toBe('before')
    expect((await run('transfer twin:/tmp/state -')).stdout).toBe('before')
    expect((await run('delete web.one')).stderr).toContain('--purge')
    await run('delete --purge web.one')
    expect(await json('list --snapshots')).toEqual({errors: [], info: {}})
  })

  it('runs programs inside, starts a stopped machine for it, and ends with the status of the program', async () => {
    await after('launch 22.04 --name web', 'stop web')

    expect(await run('exec web -n -- cat', 'hello')).toEqual({exitCode: 0, stdout: 'hello', stderr: ''})
    expect((await json('list')).list[0].state).toBe('Running')
    expect((await run('exec web -n -- no-such-program')).exitCode).toBe(127)
    expect((await run('exec absent -- true')).stderr.match(/exec failed/g)).toHaveLength(2)
    expect((await run('exec absent -n -- true')).stderr.match(/exec failed/g)).toHaveLength(1)
  })

  it('mounts folders of the host', async () => {
    await run('launch 22.04 --name web')
    await writeFile(join(home.path, 'shared'), 'x')
    await run(`mount ${home.path} web:/mnt/host`)

    expect((await run('exec web -n -- ls /mnt/host/shared')).exitCode).toBe(0)
    expect((await json('info web')).info.web.mounts['/mnt/host'].source_path).toBe(home.path)
    await run('umount web:/mnt/host')
    expect((await json('info web')).info.web.mounts).toEqual({})
  })

  it.each<[string, string[], string[]]>([
    ['1.13.0', ['stop --force web', 'clone web', 'launch debian'], ['snapshot web -n s']],
    ['1.14.0', ['clone web'], ['stop --force web']],
    ['1.16.3', ['launch debian'], ['clone web']],
    ['1.17.0-dev', [], ['wait-ready', 'launch debian']],
  ])('%s knows what it has', async (version, fails, works) => {
    await run('launch 22.04 --name web')
    await run('stop web')
    await program.behave({version})

    for (const line of fails) expect((await run(line)).exitCode, line).not.toBe(0)
    for (const line of works) expect((await run(line)).exitCode, line).toBe(0)
    const blueprints = {'1.13.0': 'blueprints', '1.14.0': 'blueprints', '1.16.3': 'blueprints (deprecated)'}[version]
    expect(Object.keys(await json('find')).filter((key) => key.startsWith('blue'))).toEqual(
      blueprints === undefined ? [] : [blueprints],
    )
  })
})

describe('the test program fails as it is told', () => {
  beforeEach(open)
  afterEach(close)

  const fail = (...faults: Fault[]) => program.behave({faults})

  it('without its daemon only version works, and tells no multipassd', async () => {
    await fail({kind: 'daemon-down'})

    expect(await json('version')).toEqual({multipass: '1.16.3'})
    const list = await run('list --format json')
    expect(list).toMatchObject({exitCode: 2, stdout: ''})
    expect(list.stderr).toContain('list failed: cannot connect to the multipass socket\nPlease ensure multipassd')
  })

  it('a launch that takes too long ends with 5, and its machine runs a moment later', async () => {
    await program.behave({bootMs: 1_200})
    const {exitCode, stderr} = await run('launch --name web --timeout 1')

    expect([exitCode, stderr]).toEqual([5, 'Timed out waiting for instance launch.\n'])
    expect((await json('list')).list[0].state).toBe('Starting')
    await expect.poll(async () => (await json('list')).list[0].state).toBe('Running')
  })

  it('a machine whose first boot does not end runs, while its launch has failed', async () => {
    await fail({kind: 'init-timeout'})

    expect((await run('launch --name web')).stderr).toContain('timed out waiting for initialization to complete')
    expect((await json('list')).list[0].state).toBe('Running')
  })

  it('tells how cloud-init has ended', async () => {
    expect((await run('launch --name broken --cloud-init -', 'a: [')).exitCode).toBe(1)
    await run('launch --name bad --cloud-init -', '#cloud-config\nruncmd: ["exit 3"]')
    await run('launch --name good --cloud-init -', '#cloud-config\nruncmd: ["echo made > /tmp/x"]')

    expect(await run('exec bad -n -- cloud-init status --format json')).toMatchObject({exitCode: 1})
    expect(await run('exec good -n -- cloud-init status --wait --format json')).toMatchObject({exitCode: 0})
    expect((await run('exec good -n -- cat /tmp/x')).stdout).toBe('made\n')
  })

  it('counts a fault down, and meets only what it is meant for', async () => {
    await run('launch --name web')
    await fail({kind: 'ssh-failure', instance: 'web', times: 1}, {kind: 'response-timeout', command: 'stop'})

    expect((await run('exec web -n -- true')).exitCode).toBe(255)
    expect((await run('exec web -n -- true')).exitCode).toBe(0)
    expect((await run('stop web')).stderr).toBe('stop failed: timed out waiting for response\n')
  })

  it('a driver without snapshots says so', async () => {
    await after('launch --name web', 'stop web')
    await program.behave({driver: 'applevz'})

    expect((await run('snapshot web')).stderr).toContain('not implemented on this backend')
    expect((await json('info web')).info.web.snapshot_count).toBeUndefined()
  })

  it('a suspended machine that does not wake up stays suspended', async () => {
    await after('launch --name web', 'suspend web')
    await fail({kind: 'stuck-suspended'})

    expect((await run('start web')).exitCode).toBe(2)
    expect((await json('list')).list[0].state).toBe('Suspended')
  })
})

describe('the test program as a process', () => {
  beforeEach(open)
  afterEach(close)

  const start = (line: string) => promisify(execFile)(join(program.bin, 'multipass'), line.split(' '))

  it('is a program of its own; of two that make one name at once, one succeeds', async () => {
    const both = await Promise.allSettled([start('launch --name web'), start('launch --name web')])

    expect(both.map(({status}) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect((await start('exec web -n -- printf %s a')).stdout).toBe('a')
  })
})
