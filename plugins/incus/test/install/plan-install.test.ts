import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {expect, onTestFinished, test} from 'vitest'
import {parseOsRelease} from '../../src/install/distributions.ts'
import {type HostFacts, hostFacts} from '../../src/install/facts.ts'
import {type DaemonState, planInstall} from '../../src/install/plan-install.ts'

/** A bare Debian 12 without systemd, as root. */
const BARE: HostFacts = {
  platform: 'linux',
  system: parseOsRelease('ID=debian\nVERSION_ID=12\nPRETTY_NAME="Debian 12"\n'),
  isRoot: true,
  user: 'root',
  hasSystemd: false,
  hasState: false,
  hasClient: false,
  hasDnsmasq: false,
  hasLxcfs: false,
  hasSubIds: false,
  isMember: true,
  hasKvm: false,
  hasVsock: false,
  hasDocker: false,
  networks: ['10.151.0.0/16'],
}
const INSTALLED = {...BARE, daemon: '/usr/libexec/incus/incusd', hasClient: true, hasDnsmasq: true, hasSubIds: true}
const READY: DaemonState = {pools: ['default'], bridges: ['incusbr0'], hasRoot: true, hasCard: true}

const lines = (host: HostFacts, daemon: DaemonState) =>
  planInstall(host, daemon).steps.map(({argv, isDaemon}) => `${argv.join(' ')}${isDaemon === true ? ' &' : ''}`)

test('a bare machine without systemd gets packages, ids, both daemons and a preset', () => {
  expect(lines(BARE, 'silent')).toEqual([
    'tee /etc/apt/sources.list.d/bookworm-backports.list',
    'apt-get update',
    'apt-get install -y -t bookworm-backports incus-base dnsmasq-base',
    'usermod --add-subuids 1000000-1000999999 --add-subgids 1000000-1000999999 root',
    'mkdir -p /var/lib/lxcfs /var/log/incus',
    'lxcfs /var/lib/lxcfs &',
    '/usr/libexec/incus/incusd --group incus-admin &',
    'incus admin waitready --timeout 60',
    'incus admin init --preseed',
  ])
})

test('the preset has a network that no route of the machine touches, a pool, and the default profile', () => {
  expect(planInstall(BARE, 'silent').steps.at(-1)?.input).toBe(`networks:
- name: incusbr0
  type: bridge
  config:
    ipv4.address: 10.152.0.1/24
    ipv4.nat: "true"
    ipv6.address: none
storage_pools:
- name: default
  driver: dir
profiles:
- name: default
  devices:
    root: {type: disk, path: /, pool: default}
    eth0: {type: nic, name: eth0, network: incusbr0}
`)
})

test('with systemd it starts the daemon, and a user becomes a member of its group', () => {
  const host = {...BARE, isRoot: false, isMember: false, user: 'ada', hasSystemd: true}
  expect(lines(host, 'silent').slice(3)).toEqual([
    'systemctl enable --now incus.service',
    'incus admin waitready --timeout 60',
    'usermod -aG incus-admin ada',
    'incus admin init --preseed',
  ])
  expect(planInstall(host, 'silent').remarks.join('\n')).toContain('next login')
})

test('OpenRC starts it where that is the init system', () => {
  const host = {...BARE, system: parseOsRelease('ID=alpine\nVERSION_ID=3.22\n')}
  expect(lines(host, 'silent').slice(1, 3)).toEqual(['rc-update add incusd', 'rc-service incusd start'])
})

test('nothing is done where all is there', () => {
  expect(planInstall(INSTALLED, READY)).toMatchObject({isReady: true, steps: []})
})

test('a daemon without a profile for machines gets what is missing alone', () => {
  const [step, ...rest] = planInstall(INSTALLED, {...READY, pools: ['fast'], hasRoot: false}).steps
  expect(rest).toEqual([])
  expect(step?.input).toBe('profiles:\n- name: default\n  devices:\n    root: {type: disk, path: /, pool: fast}\n')
})

test('a silent daemon that has run before is started only: what it has is asked then', () => {
  expect(lines({...INSTALLED, hasState: true, hasLxcfs: true}, 'silent')).toEqual([
    '/usr/libexec/incus/incusd --group incus-admin &',
    'incus admin waitready --timeout 60',
  ])
})

test('a daemon that does not let us in needs a login, not an installation', () => {
  const plan = planInstall({...INSTALLED, isRoot: false}, 'closed')
  expect(plan).toMatchObject({
    isReady: false,
    steps: [],
    remarks: expect.arrayContaining([expect.stringContaining('newgrp')]),
  })
})

test.each([
  ['neither', {}, '/dev/kvm and /dev/vhost-vsock'],
  ['no vsock', {hasKvm: true}, '/dev/vhost-vsock'],
])('without virtual machines it says why: %s', (_, fields, words) => {
  expect(planInstall({...BARE, ...fields}, 'silent').remarks.join('\n')).toContain(words)
})

test('Docker on the same machine is worth a remark', () => {
  expect(planInstall({...BARE, hasDocker: true}, 'silent').remarks.join('\n')).toContain('DOCKER-USER')
})

test.each([
  ['darwin', 'colima'],
  ['win32', 'WSL 2'],
])('on %s the way by hand is told', (platform, words) => {
  expect(() => planInstall({...BARE, platform}, 'silent')).toThrow(
    expect.objectContaining({code: 'UNSUPPORTED', hint: expect.stringContaining(words)}),
  )
})

test('an unknown distribution and one without a package are told the way by hand', () => {
  for (const id of ['somethingelse', 'nixos']) {
    const host = {...BARE, system: parseOsRelease(`ID=${id}\n`)}
    expect(() => planInstall(host, 'silent')).toThrow(expect.objectContaining({code: 'UNSUPPORTED'}))
  }
})

test('a machine is looked at without asking anybody', async () => {
  const root = await mkdtemp(join(tmpdir(), 'omni-host-'))
  onTestFinished(() => rm(root, {recursive: true}))
  const files: Readonly<Record<string, string>> = {
    'etc/os-release': 'ID=alpine\nVERSION_ID=3.22.1\n',
    'etc/subuid': 'root:1000000:1000000000\n',
    'etc/subgid': 'ada:100000:65536\n',
    'proc/mounts': 'lxcfs /var/lib/lxcfs fuse.lxcfs rw 0 0\n',
    'usr/libexec/incus/incusd': '',
    'opt/bin/incus': '',
    'dev/kvm': '',
    'state/database/x': '',
  }
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, file)), {recursive: true})
    await writeFile(join(root, file), text)
  }
  expect(await hostFacts({PATH: '/opt/bin:relative', INCUS_DIR: '/state'}, root)).toMatchObject({
    system: {id: 'alpine', version: '3.22.1'},
    daemon: join(root, 'usr/libexec/incus/incusd'),
    hasClient: true,
    hasDnsmasq: false,
    hasLxcfs: true,
    hasSubIds: false,
    hasKvm: true,
    hasVsock: false,
    hasState: true,
    hasSystemd: false,
  })
})
