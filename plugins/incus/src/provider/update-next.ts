import type {InstanceSpec} from '@omni-cli/sdk'
import type {WireInstance} from '../client/wire.ts'
import {deviceKind, isFirstBoot, keyKind} from './change-kinds.ts'
import type {Settings} from './change-kinds-settings.ts'
import {configOf, USER_DATA} from './create-config.ts'
import {devicesOf} from './devices.ts'
import {isMountDevice, isPortDevice} from './devices-own.ts'
import {withoutLabels} from './labels.ts'
import {RECORD_KEY, readRecord, recordOf, type SpecRecord} from './map-record.ts'
import {type Device, type Devices, rootOf} from './map-settings.ts'
import type {InstancePut} from './requests.ts'

type Config = Readonly<Record<string, string>>

export interface NextInput {
  readonly spec: InstanceSpec
  readonly inherited: Devices
  readonly isHostBridge: boolean
  /** What the first boot reads is written anew as well: the machine is rebuilt. */
  readonly rebuilt?: {readonly userData: string | undefined} | undefined
}

/**
 * How the machine is to be. What the last spec of omni said and this one does not say goes away; all else that is there stays:
 * what Incus keeps for itself, and what somebody has set by hand.
 */
export function nextInstance(wire: WireInstance, input: NextInput): InstancePut {
  const {spec} = input
  const before = readRecord(wire.config)
  const wasWritten = (field: string) => before?.fields.includes(field) === true
  return {
    architecture: wire.architecture,
    config: nextConfig(wire, input, before),
    devices: nextDevices(wire, input, before),
    ephemeral: wire.ephemeral,
    profiles: spec.profiles ?? (wasWritten('profiles') ? ['default'] : wire.profiles),
    stateful: wire.stateful,
    description: wire.description,
  }
}

function nextDevices(
  {devices}: WireInstance,
  {spec, inherited, isHostBridge}: NextInput,
  before: SpecRecord | undefined,
): Devices {
  const written = before?.devices ?? []
  const nic = Object.entries(devices).find(([name, {type}]) => type === 'nic' && !written.includes(name))
  const isOfNetwork = ([name, {type}]: [string, Device]) =>
    name === nic?.[0] || (type === 'none' && before?.network?.type === 'none')
  const says = (field: 'network' | 'disk') => before?.fields.includes(field) === true || spec[field] !== undefined
  const isKept = (entry: [string, Device]) =>
    !written.includes(entry[0]) &&
    !isPortDevice(...entry) &&
    !isMountDevice(...entry) &&
    !(says('network') && isOfNetwork(entry)) &&
    !(says('disk') && entry[0] === rootOf(devices)?.name)
  const kept = Object.fromEntries(Object.entries(devices).filter(isKept))
  const root = says('disk') ? ownRoot(devices, inherited) : undefined
  return {...kept, ...devicesOf({spec, inherited, pool: undefined, root, isHostBridge})}
}

/** A root disk on a pool that no profile names must stay on the machine itself. */
function ownRoot(devices: Devices, inherited: Devices) {
  const root = rootOf(devices)
  return root !== undefined && root.device.pool !== inherited[root.name]?.pool ? root : undefined
}

function nextConfig({config}: WireInstance, {spec, rebuilt}: NextInput, before: SpecRecord | undefined): Config {
  const record = recordOf(spec, {id: before?.id ?? '', userData: rebuilt?.userData})
  const gone = new Set([RECORD_KEY, ...(before === undefined ? [] : keysOf(before))])
  const kept = pick(withoutLabels(config), (key) => !gone.has(key))
  const wanted = configOf(spec, {
    userData: rebuilt?.userData,
    // What an update does not do is not told as done.
    record: rebuilt === undefined && before !== undefined ? {...record, ...bootOf(before)} : record,
  })
  if (rebuilt !== undefined) return {...kept, ...wanted}
  return {...withoutFirstBoot(kept), ...withoutFirstBoot(wanted), ...onlyFirstBoot(config)}
}

const bootOf = ({image, cloud_init}: SpecRecord) => ({image, cloud_init})

const FIELD_KEYS: Readonly<Record<string, string>> = {
  cpus: 'limits.cpu',
  memory: 'limits.memory',
  autostart: 'boot.autostart',
  protect: 'security.protection.delete',
  cloud_init: USER_DATA,
}

/** The settings that the last spec stood for. */
const keysOf = ({fields, config}: SpecRecord): string[] => [
  ...config,
  ...fields.flatMap((field) => (Object.hasOwn(FIELD_KEYS, field) ? (FIELD_KEYS[field] ?? []) : [])),
]

const withoutFirstBoot = (config: Config) => pick(config, (key) => !isFirstBoot(key))
const onlyFirstBoot = (config: Config) => pick(config, isFirstBoot)
const pick = (config: Config, wanted: (key: string) => boolean): Config =>
  Object.fromEntries(Object.entries(config).filter(([key]) => wanted(key)))

/** What differs between the machine and how it is to be. */
export interface Difference {
  /** Changed keys; an empty text removes one. */
  readonly config: Config
  readonly hasDevices: boolean
  readonly hasProfiles: boolean
  readonly isNone: boolean
  /** One of the changes takes effect with the next start alone. */
  readonly needsRestart: boolean
}

export function differenceOf(wire: WireInstance, next: InstancePut, settings: Settings): Difference {
  const type = wire.type === 'container' ? 'container' : 'vm'
  const config = changedKeys(wire.config, next.config)
  const devices = changedDevices(wire.devices, next.devices)
  const hasProfiles = wire.profiles.join('\n') !== next.profiles.join('\n')
  const costs = [
    ...Object.keys(config).map((key) => keyKind(key, {type}, settings)),
    ...devices.map((name) => {
      const device = next.devices[name] ?? wire.devices[name]
      return device?.type === 'none' ? 'restart' : deviceKind(device, type)
    }),
    hasProfiles ? 'restart' : 'live',
  ]
  return {
    config,
    hasDevices: devices.length > 0,
    hasProfiles,
    isNone: Object.keys(config).length === 0 && devices.length === 0 && !hasProfiles,
    needsRestart: costs.includes('restart'),
  }
}

function changedKeys(before: Config, after: Config): Config {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  const changed = [...keys].filter((key) => (before[key] ?? '') !== (after[key] ?? ''))
  return Object.fromEntries(changed.map((key) => [key, after[key] ?? '']))
}

function changedDevices(before: Devices, after: Devices): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].filter(
    (name) =>
      Object.keys(changedKeys(before[name] ?? {}, after[name] ?? {})).length > 0 || !before[name] !== !after[name],
  )
}
