import {type InstanceSpec, OmniError} from '@omni-cli/sdk'
import {mountDevices, portDevices} from './devices-own.ts'
import {type Device, type Devices, rootOf} from './map-settings.ts'
import {sizeText} from './map-sizes.ts'

export interface DeviceInput {
  readonly spec: InstanceSpec
  /** Devices of the profiles together, later ones over earlier ones. */
  readonly inherited: Devices
  /** Storage pool of new machines. */
  readonly pool: string | undefined
  /** The root disk that the machine has of its own: its pool cannot change. */
  readonly root?: {readonly name: string; readonly device: Device} | undefined
  /** The host's own network that is joined is a bridge. Default: an interface. */
  readonly isHostBridge?: boolean | undefined
}

/**
 * The devices of the machine itself. One that has the name of a device of a profile replaces it as a whole, so that its
 * keys are repeated.
 */
export function devicesOf(input: DeviceInput): Devices {
  const {spec} = input
  return {
    ...rootDevice(input),
    ...networkDevices(input),
    ...portDevices(spec.ports ?? [], spec.type, fixedAddress(spec)),
    ...mountDevices(spec.mounts ?? [], spec.type),
    ...spec.devices,
  }
}

/** The address that the machine is to have, unless it is found by DHCP. */
export const fixedAddress = ({network}: InstanceSpec): string | undefined =>
  network === undefined || network.ipv4 === 'auto' ? undefined : network.ipv4

function rootDevice({spec, inherited, pool, root}: DeviceInput): Devices {
  const base = root ?? rootOf(inherited) ?? {name: 'root', device: {}}
  const wantsPool = root === undefined && pool !== undefined && base.device.pool !== pool
  if (spec.disk === undefined && root === undefined && !wantsPool) return {}
  return {
    [base.name]: {
      ...without(base.device, ['size']),
      type: 'disk',
      path: '/',
      ...(wantsPool ? {pool} : {}),
      ...(spec.disk === undefined ? {} : {size: sizeText(spec.disk)}),
    },
  }
}

type Network = InstanceSpec['network']

const nicsIn = (devices: Devices): [string, Device][] => Object.entries(devices).filter(([, {type}]) => type === 'nic')

function networkDevices({spec: {network}, inherited, isHostBridge = false}: DeviceInput): Devices {
  const nics = nicsIn(inherited)
  if (network === undefined) return {}
  if (network.type === 'none') return Object.fromEntries(nics.map(([name]) => [name, {type: 'none'}]))
  if (network.type === 'host') {
    throw new OmniError('UNSUPPORTED', 'machines on Incus do not share the network of the host', {
      hint: 'write network.type: bridge, and ports for what must be reached',
    })
  }
  const isPlain = network.ipv4 === 'auto' && network.name === undefined && network.mac === undefined
  if (isPlain && nics.length > 0) return {}
  const [name, nic] = nics[0] ?? ['eth0', {}]
  return {
    [name]: {
      ...joined(network, nic, isHostBridge),
      type: 'nic',
      name: nic.name ?? name,
      ...(network.ipv4 === 'auto' ? {} : {'ipv4.address': network.ipv4}),
      ...(network.mac === undefined ? {} : {hwaddr: network.mac.toLowerCase()}),
    },
  }
}

/** The keys that say which network it is. */
function joined({name, bridged}: NonNullable<Network>, nic: Device, isHostBridge: boolean): Device {
  if (name === undefined) return without(nic, ['ipv4.address', 'hwaddr'])
  if (bridged === true) return {nictype: isHostBridge ? 'bridged' : 'macvlan', parent: name}
  return {...without(nic, ['ipv4.address', 'hwaddr', 'network', 'nictype', 'parent']), network: name}
}

const without = (device: Device, keys: readonly string[]): Device =>
  Object.fromEntries(Object.entries(device).filter(([key]) => !keys.includes(key)))
