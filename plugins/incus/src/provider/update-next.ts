import type {InstanceSpec} from '@omni-cli/sdk'
import type {WireInstance} from '../client/wire.ts'
import {deviceKind, isFirstBoot, keyKind} from './change-kinds.ts'
import type {Settings} from './change-kinds-settings.ts'
import {configOf} from './create-config.ts'
import {devicesOf} from './devices.ts'
import {withoutLabels} from './labels.ts'
import {RECORD_KEY, readRecord, recordOf, type SpecRecord} from './map-record.ts'
import {type Devices, rootOf} from './map-settings.ts'
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
 * How the machine is to be. What Incus keeps for itself and what others keep in `user.*` stays. A machine that omni did not
 * make keeps all that the spec does not name.
 */
export function nextInstance(wire: WireInstance, input: NextInput): InstancePut {
  const {spec, inherited, isHostBridge} = input
  const before = readRecord(wire.config)
  const wanted = devicesOf({spec, inherited, pool: undefined, root: ownRoot(wire, inherited), isHostBridge})
  return {
    architecture: wire.architecture,
    config: nextConfig(wire, input, before),
    devices: before === undefined ? {...wire.devices, ...wanted} : wanted,
    ephemeral: wire.ephemeral,
    profiles: spec.profiles ?? (before === undefined ? wire.profiles : ['default']),
    stateful: wire.stateful,
    description: wire.description,
  }
}

/** A root disk that stands on the machine itself stays there, as only there it has the pool that it is on. */
function ownRoot({devices}: WireInstance, inherited: Devices) {
  const root = rootOf(devices)
  const same = root === undefined ? undefined : inherited[root.name]
  const isNeeded = root !== undefined && root.device.pool !== same?.pool
  return isNeeded ? root : undefined
}

function nextConfig({config}: WireInstance, {spec, rebuilt}: NextInput, before: SpecRecord | undefined): Config {
  const id = before?.id ?? ''
  const record = recordOf(spec, {id, userData: rebuilt?.userData})
  const kept = withoutLabels(keptConfig(config, before))
  const wanted = configOf(spec, {
    userData: rebuilt?.userData,
    // What an update does not do is not told as done.
    record: rebuilt === undefined && before !== undefined ? {...record, ...bootOf(before)} : record,
  })
  if (rebuilt !== undefined) return {...withoutFirstBoot(kept), ...wanted}
  return {...kept, ...withoutFirstBoot(wanted), ...onlyFirstBoot(config)}
}

const bootOf = ({image, cloud_init}: SpecRecord) => ({image, cloud_init})

/** Of a machine of ours only what is not for us to say. */
function keptConfig(config: Config, before: SpecRecord | undefined): Config {
  if (before === undefined) return config
  const isKept = (key: string) =>
    /^(volatile|image|user)\./.test(key) && key !== RECORD_KEY && !before.config.includes(key)
  return pick(config, (key) => isKept(key) || isFirstBoot(key))
}

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
