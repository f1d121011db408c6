import {guess} from '@omni-cli/sdk'
import {entriesOf, get, type MapNode, type Node, textOf, textsOf} from './node.ts'
import type {Notes} from './notes.ts'

/** Keys that are read somewhere in this folder, or that mean nothing for what runs. */
const KNOWN = new Set([
  'image',
  'build',
  'command',
  'entrypoint',
  'working_dir',
  'user',
  'ports',
  'expose',
  'environment',
  'env_file',
  'volumes',
  'depends_on',
  'healthcheck',
  'deploy',
  'mem_limit',
  'cpus',
  'restart',
  'networks',
  'labels',
  'profiles',
  'extends',
  'container_name',
  'hostname',
  'scale',
  'stop_grace_period',
  'pull_policy',
  'secrets',
  'configs',
  'links',
  'annotations',
])
/** Keys of compose that omni has nothing for. */
const WITHOUT = [
  'attach',
  'blkio_config',
  'cap_add',
  'cap_drop',
  'cgroup',
  'cgroup_parent',
  'cpu_count',
  'cpu_percent',
  'cpu_period',
  'cpu_quota',
  'cpu_rt_period',
  'cpu_rt_runtime',
  'cpu_shares',
  'cpuset',
  'credential_spec',
  'develop',
  'device_cgroup_rules',
  'devices',
  'dns',
  'dns_opt',
  'dns_search',
  'domainname',
  'external_links',
  'extra_hosts',
  'gpus',
  'group_add',
  'init',
  'ipc',
  'isolation',
  'label_file',
  'logging',
  'mac_address',
  'mem_reservation',
  'mem_swappiness',
  'memswap_limit',
  'models',
  'network_mode',
  'oom_kill_disable',
  'oom_score_adj',
  'pid',
  'pids_limit',
  'platform',
  'post_start',
  'pre_stop',
  'privileged',
  'provider',
  'read_only',
  'runtime',
  'security_opt',
  'shm_size',
  'stdin_open',
  'stop_signal',
  'storage_opt',
  'sysctls',
  'tmpfs',
  'tty',
  'ulimits',
  'use_api_socket',
  'userns_mode',
  'uts',
  'volumes_from',
]

/** Names what the file has beside its services, and omni does not. */
export function noteTopLevel(root: MapNode, notes: Notes): void {
  for (const [key, {place, value}] of root.entries) {
    const isUsed = ['version', 'name', 'services', 'include', 'volumes'].includes(key) || key.startsWith('x-')
    if (key === 'networks') noteNetworks(value, notes)
    else if (!isUsed) notes.add(place, `'${key}' is left out: omni has none`)
  }
}

function noteNetworks(networks: Node, notes: Notes): void {
  for (const [name, {place}] of entriesOf(networks)) {
    if (name !== 'default')
      notes.add(place, `the network '${name}' is left out: the services of a project share one network`)
  }
}

/** Names what a service has, and omni does not. */
export function noteLeftOut(node: MapNode, notes: Notes): void {
  for (const [key, {place, value}] of node.entries) {
    if (KNOWN.has(key) || key.startsWith('x-')) continue
    if (WITHOUT.includes(key)) notes.add(place, `'${key}' is left out: omni has none`)
    else notes.add(place, `'${key}' is left out: it is no key of a service${guess(key, [...KNOWN, ...WITHOUT])}`)
    if (key === 'privileged' && textOf(value) === 'true') notes.add(place, 'containers of omni are never privileged')
  }
  for (const key of ['secrets', 'configs', 'links'] as const) {
    const entry = node.entries.get(key)
    if (entry === undefined) continue
    const instead = {
      secrets: `keep the value with omni secrets set NAME --project PROJECT, and give it as env: "\${secrets.NAME}"`,
      configs: 'mount the file: mounts = ["/path:/inside:ro"]',
      links: 'services of a project find one another by their names',
    }[key]
    notes.add(entry.place, `'${key}' is left out; ${instead}`)
  }
  for (const [key, {place}] of entriesOf(get(node, 'deploy'))) {
    if (!['replicas', 'resources', 'restart_policy', 'mode', 'labels'].includes(key))
      notes.add(place, `'deploy.${key}' is left out`)
  }
  const networks = get(node, 'networks')
  const count = networks?.kind === 'map' ? networks.entries.size : textsOf(networks).length
  if (networks !== undefined && count > 1) notes.add(networks.place, 'it joins one network, that of the project')
}
