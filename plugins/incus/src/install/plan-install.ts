import {type InstallPlan, type InstallStep, OmniError} from '@omni-cli/sdk'
import {type Distribution, distributionOf} from './distributions.ts'
import {GROUP, type HostFacts} from './facts.ts'
import {freeSubnet} from './subnet.ts'

/** What a daemon that answers has already; absent when none answers. */
export interface DaemonFacts {
  /** Storage pools by name. */
  readonly pools: readonly string[]
  /** Bridges that it manages. */
  readonly bridges: readonly string[]
  /** The profile `default` has a root disk and a network card. */
  readonly hasRoot: boolean
  readonly hasCard: boolean
}

/** A daemon there that does not let us in. */
export type DaemonState = DaemonFacts | 'silent' | 'closed'

const BRIDGE = 'incusbr0'
const BY_HAND_HINT = 'omni init --instances incus --no-install'

/** What is missing on this machine, in order. UNSUPPORTED, with the way by hand, where there is none. */
export function planInstall(host: HostFacts, daemon: DaemonState): InstallPlan {
  if (host.platform !== 'linux') throw elsewhere(host.platform)
  const row = distributionOf(host.system)
  const steps = [
    ...packageSteps(host, row),
    ...(daemon === 'silent' ? startSteps(host, row) : []),
    ...memberSteps(host),
    ...preseedSteps(host, daemon),
  ]
  return {isReady: steps.length === 0 && daemon !== 'closed', steps, remarks: remarksOn(host, row, daemon)}
}

function packageSteps(host: HostFacts, row: Distribution | undefined): InstallStep[] {
  if (host.daemon !== undefined && host.hasClient && host.hasDnsmasq) return []
  if (row?.install !== undefined) return row.install({isVm: host.hasKvm && host.hasVsock}).map(asRoot)
  throw new OmniError('UNSUPPORTED', `there is no way to install Incus on ${host.system.name} by itself`, {
    hint:
      row?.byHand ?? `install incus and dnsmasq with the package manager of ${host.system.name}, then omni init again`,
  })
}

/** By systemd or OpenRC where one of them started the machine, else as plain daemons. */
function startSteps(host: HostFacts, row: Distribution | undefined): InstallStep[] {
  const wait = asRoot({title: 'wait until it answers', argv: ['incus', 'admin', 'waitready', '--timeout', '60']})
  if (host.hasSystemd) {
    return [asRoot({title: 'start Incus', argv: ['systemctl', 'enable', '--now', 'incus.service']}), wait]
  }
  if (row?.hasOpenRc === true) {
    return [
      asRoot({title: 'start Incus with the machine', argv: ['rc-update', 'add', 'incusd']}),
      asRoot({title: 'start Incus', argv: ['rc-service', 'incusd', 'start']}),
      wait,
    ]
  }
  // Packages do so too; a range that is there is not added again.
  const ids = asRoot({
    title: 'give ids to containers',
    argv: ['usermod', '--add-subuids', '1000000-1000999999', '--add-subgids', '1000000-1000999999', 'root'],
  })
  const lxcfs: InstallStep[] = host.hasLxcfs
    ? []
    : [
        asRoot({title: 'make folders of the daemons', argv: ['mkdir', '-p', '/var/lib/lxcfs', '/var/log/incus']}),
        {title: 'start lxcfs', argv: ['lxcfs', '/var/lib/lxcfs'], needsRoot: true, isDaemon: true},
      ]
  const file = host.daemon ?? '/usr/libexec/incus/incusd'
  return [
    ...(host.hasSubIds ? [] : [ids]),
    ...lxcfs,
    {title: 'start Incus', argv: [file, '--group', GROUP], needsRoot: true, isDaemon: true},
    wait,
  ]
}

const memberSteps = ({isMember, user}: HostFacts): InstallStep[] =>
  isMember ? [] : [asRoot({title: `let ${user} use it`, argv: ['usermod', '-aG', GROUP, user]})]

const NOTHING: DaemonFacts = {pools: [], bridges: [], hasRoot: false, hasCard: false}

/**
 * Only what is missing is made; what is there stays as it is. A silent daemon that has run before is started first and asked
 * then: the preset would change what it has.
 */
function preseedSteps(host: HostFacts, daemon: DaemonState): InstallStep[] {
  if (daemon === 'closed' || (daemon === 'silent' && host.hasState)) return []
  const has = daemon === 'silent' ? NOTHING : daemon
  if (has.hasRoot && has.hasCard) return []
  const needsBridge = !has.hasCard && has.bridges.length === 0
  const input = preseed(has, needsBridge ? subnetOf(host) : undefined)
  return [asRoot({title: 'make what machines need', argv: ['incus', 'admin', 'init', '--preseed'], input})]
}

function subnetOf({networks}: HostFacts): string {
  const found = freeSubnet(networks)
  if (found !== undefined) return found
  throw new OmniError('UNSUPPORTED', 'every private /24 is in use by a route of this machine', {
    hint: `incus network create ${BRIDGE} ipv4.address=ADDRESS/24 ipv4.nat=true ipv6.address=none`,
  })
}

function preseed(has: DaemonFacts, subnet: string | undefined): string {
  const lines: string[] = []
  if (subnet !== undefined) {
    lines.push('networks:', `- name: ${BRIDGE}`, '  type: bridge', '  config:')
    lines.push(`    ipv4.address: ${subnet}`, '    ipv4.nat: "true"', '    ipv6.address: none')
  }
  const [pool] = has.pools
  if (!has.hasRoot && pool === undefined) lines.push('storage_pools:', '- name: default', '  driver: dir')
  lines.push('profiles:', '- name: default', '  devices:')
  if (!has.hasRoot) lines.push(`    root: {type: disk, path: /, pool: ${pool ?? 'default'}}`)
  if (!has.hasCard) lines.push(`    eth0: {type: nic, name: eth0, network: ${has.bridges[0] ?? BRIDGE}}`)
  return `${lines.join('\n')}\n`
}

const asRoot = (command: Omit<InstallStep, 'needsRoot'>): InstallStep => ({...command, needsRoot: true})

function remarksOn(host: HostFacts, row: Distribution | undefined, daemon: DaemonState): string[] {
  const remarks: string[] = []
  if (!host.isMember || daemon === 'closed') {
    remarks.push(
      `the group ${GROUP} counts from the next login on, or in a shell by: newgrp ${GROUP}; who is in it is as good as root`,
    )
  }
  const missing = [
    ...(host.hasKvm ? [] : ['/dev/kvm']),
    ...(host.hasVsock ? [] : ['/dev/vhost-vsock (modprobe vhost_vsock)']),
  ]
  if (missing.length > 0) remarks.push(`containers only, no virtual machines: ${missing.join(' and ')} is missing`)
  if (host.hasDocker) {
    remarks.push(
      `Docker here drops what is forwarded; machines reach the outside after: iptables -I DOCKER-USER -i ${BRIDGE} -j ACCEPT`,
    )
  }
  if (!host.hasSystemd && row?.hasOpenRc !== true)
    remarks.push('there is no init system: start lxcfs and incusd again after a restart, or run omni init again')
  if (row?.remark !== undefined) remarks.push(row.remark)
  return remarks
}

function elsewhere(platform: string): OmniError {
  const ways: Readonly<Record<string, string>> = {
    darwin:
      'brew install incus colima, then colima start --runtime incus; or a server elsewhere: incus remote add NAME ADDRESS',
    win32: 'winget install LinuxContainers.Incus, then incus remote add NAME ADDRESS; or omni inside of WSL 2',
  }
  return new OmniError('UNSUPPORTED', `Incus runs on Linux only; here is its client for servers elsewhere`, {
    hint: ways[platform] ?? BY_HAND_HINT,
  })
}
