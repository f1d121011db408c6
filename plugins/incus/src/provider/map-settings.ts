import type {InstanceSpec} from '@omni-cli/sdk'
import type {WireInstance} from '../client/wire.ts'
import {isMountDevice, isPortDevice, mountsOf, portsOf} from './devices-own.ts'
import {cloudInitOf, type SpecRecord} from './map-record.ts'
import {bytesOf, countOf, isTrue} from './map-sizes.ts'

export type Device = Readonly<Record<string, string>>
export type Devices = Readonly<Record<string, Device>>

type Settings = Partial<InstanceSpec>

/** The disk that the machine boots from. */
export function rootOf(devices: Devices): {readonly name: string; readonly device: Device} | undefined {
  const found = Object.entries(devices).find(([, {type, path}]) => type === 'disk' && path === '/')
  return found === undefined ? undefined : {name: found[0], device: found[1]}
}

/**
 * What was set on this machine itself, in the form of a spec. A field that has its default is told only when it was
 * written, so that a machine that is as its plan says shows no difference.
 */
export function settingsOf(wire: WireInstance, record: SpecRecord | undefined): Settings {
  const {config, profiles} = wire
  const isWritten = (field: string) => record?.fields.includes(field) === true
  const own = new Set(record?.config)
  const text = (key: string) => (own.has(key) ? undefined : config[key])
  const told = <T>(field: string, value: T, isDefault: boolean): T | undefined =>
    isDefault && !isWritten(field) ? undefined : value
  const devices = ownDevices(wire, record)
  const keys = configOf(config, own)
  const protect = isTrue(text('security.protection.delete'))
  const autostart = text('boot.autostart')
  const isDefaultProfile = profiles.length === 1 && profiles[0] === 'default'
  return {
    cpus: countOf(text('limits.cpu')),
    memory: bytesOf(text('limits.memory')),
    disk: bytesOf(devices.root?.size),
    profiles: told('profiles', [...profiles], isDefaultProfile),
    config: told('config', keys, Object.keys(keys).length === 0),
    devices: told('devices', devices.others, Object.keys(devices.others).length === 0),
    ports: told('ports', devices.ports, devices.ports.length === 0),
    mounts: told('mounts', devices.mounts, devices.mounts.length === 0),
    network: networkOf(wire, devices.nic, record),
    protect: told('protect', protect, !protect),
    autostart: autostart === undefined ? undefined : isTrue(autostart),
    cloud_init: cloudInitOf(text('cloud-init.user-data'), record),
    location: locationOf(wire.location, record),
  }
}

/** Keys that have a field of their own, unless they were written as keys. */
function isField(key: string, value: string): boolean {
  if (key === 'limits.cpu') return countOf(value) !== undefined
  if (key === 'limits.memory') return bytesOf(value) !== undefined
  return ['boot.autostart', 'security.protection.delete', 'cloud-init.user-data'].includes(key)
}

function configOf(config: WireInstance['config'], own: ReadonlySet<string>): Record<string, string> {
  const isSetting = ([key, value]: [string, string]) =>
    own.has(key) || !(/^(volatile|image|user)\./.test(key) || isField(key, value))
  return Object.fromEntries(Object.entries(config).filter(isSetting))
}

interface OwnDevices {
  readonly root: Device | undefined
  readonly nic: Device | undefined
  readonly ports: NonNullable<InstanceSpec['ports']>
  readonly mounts: NonNullable<InstanceSpec['mounts']>
  readonly others: Devices
}

/** The devices of the machine itself, by the field of the spec that they come from. */
function ownDevices({devices}: WireInstance, record: SpecRecord | undefined): OwnDevices {
  const written = new Set(record?.devices)
  const free = Object.entries(devices).filter(([name]) => !written.has(name))
  const root = rootOf(Object.fromEntries(free))
  const nic = free.find(([, {type}]) => type === 'nic')
  const isHidden = (type: string | undefined) => type === 'none' && record?.network?.type === 'none'
  const isOther = ([name, device]: [string, Device]) =>
    name !== root?.name &&
    name !== nic?.[0] &&
    !isPortDevice(name, device) &&
    !isMountDevice(name, device) &&
    !isHidden(device.type)
  const others = Object.entries(devices).filter((entry) => written.has(entry[0]) || isOther(entry))
  const ours = Object.fromEntries(free)
  return {
    root: root?.device,
    nic: nic?.[1],
    ports: portsOf(ours),
    mounts: mountsOf(ours),
    others: Object.fromEntries(others),
  }
}

type Network = NonNullable<InstanceSpec['network']>

function networkOf(wire: WireInstance, nic: Device | undefined, record: SpecRecord | undefined): Network | undefined {
  const written = record?.network
  const ipv4 = nic?.['ipv4.address'] ?? 'auto'
  const name = nic?.network ?? nic?.parent
  if (written === undefined) return nic === undefined ? undefined : {type: 'bridge', name, ipv4, mac: nic.hwaddr}
  const isCutOff = !Object.values(wire.expanded_devices).some(({type}) => type === 'nic')
  if (written.type === 'none') return {...written, type: isCutOff ? 'none' : 'bridge'}
  return {
    ...written,
    type: isCutOff ? 'none' : written.type,
    name: written.name === undefined ? undefined : name,
    ipv4,
    mac: nic?.hwaddr ?? undefined,
  }
}

/** Of a group it is known only that it was asked for. */
function locationOf(location: string, record: SpecRecord | undefined): string | undefined {
  if (record?.location?.startsWith('@') === true) return record.location
  const isSingle = location === 'none' || location === ''
  return isSingle || record?.location === undefined ? undefined : location
}
