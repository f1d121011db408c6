import type {ChangeKind, Instance} from '@omni-cli/sdk'
import {type Settings, settingOf} from './change-kinds-settings.ts'

/** Read by the daemon, not by the machine: no restart makes a difference, whatever the server's own list says. */
const OF_THE_HOST = /^(boot|snapshots)\.|^cluster\.evacuate$/

/** Read at the first boot alone. */
const FIRST_BOOT = /^(cloud-init\.|user\.(user-data|vendor-data|network-config|meta-data)$)/

export const isFirstBoot = (key: string): boolean => FIRST_BOOT.test(key)

type About = Pick<Instance, 'type' | 'status' | 'settings'>

/** What each of the differing fields costs on this machine. */
export function changeKindsOf(
  instance: About,
  paths: readonly string[],
  settings: Settings,
): Readonly<Record<string, ChangeKind>> {
  return Object.fromEntries(paths.map((path) => [path, changeKindOf(instance, path, settings)]))
}

function changeKindOf(instance: About, path: string, settings: Settings): ChangeKind {
  const kind = whenRunning(instance, path, settings)
  return kind === 'restart' && instance.status === 'stopped' ? 'live' : kind
}

function whenRunning(instance: About, path: string, settings: Settings): ChangeKind {
  const [field = '', ...rest] = path.split('.')
  const inContainer: ChangeKind = instance.type === 'container' ? 'live' : 'restart'
  switch (field) {
    case 'metadata':
    case 'tags':
    case 'autostart':
    case 'protect':
    case 'wait':
    case 'depends_on':
    case 'failover':
      return 'live'
    case 'cpus':
      return keyKind('limits.cpu', instance, settings)
    case 'memory':
      return keyKind('limits.memory', instance, settings)
    case 'disk':
    case 'mounts':
    case 'ports':
      return inContainer
    case 'profiles':
    case 'network':
    case 'location':
      return 'restart'
    case 'image':
    case 'cloud_init':
    case 'cloud_init_file':
      return 'rebuild'
    case 'config':
      return rest.length === 0 ? 'restart' : keyKind(rest.join('.'), instance, settings)
    case 'devices':
      return deviceKind(instance.settings?.devices?.[rest[0] ?? ''], instance.type)
    default:
      return 'replace'
  }
}

/** What a setting under Incus's own name costs on a running machine. */
export function keyKind(key: string, {type}: Pick<Instance, 'type'>, settings: Settings): ChangeKind {
  if (isFirstBoot(key)) return 'rebuild'
  if (OF_THE_HOST.test(key)) return 'live'
  // A running virtual machine takes no more than it was started with.
  if (key === 'limits.memory' && type === 'vm') return 'restart'
  const setting = settingOf(key, settings)
  const isForIt = setting?.only === undefined || setting.only === type
  return setting?.isLive === true && isForIt ? 'live' : 'restart'
}

/** Interfaces give the machine another address; what a virtual machine is built of changes with it off. */
export const deviceKind = (device: Readonly<Record<string, string>> | undefined, type: Instance['type']): ChangeKind =>
  type === 'container' && device?.type !== 'nic' ? 'live' : 'restart'
