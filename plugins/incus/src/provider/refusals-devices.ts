import {didYouMean, type InstanceSpec} from '@omni-cli/sdk'
import {devicesOf} from './devices.ts'
import type {Problem} from './refusals.ts'
import type {Facts} from './refusals-facts.ts'
import {devicesOfProfiles} from './refusals-machine.ts'

const TYPES = [
  'disk',
  'gpu',
  'infiniband',
  'nic',
  'none',
  'pci',
  'proxy',
  'tpm',
  'unix-block',
  'unix-char',
  'unix-hotplug',
  'usb',
]

/** Devices under Incus's own names: whole, and none that another field makes as well. */
export function deviceProblems(spec: InstanceSpec, facts: Facts): Problem[] {
  const {devices = {}, ...rest} = spec
  const input = {spec: rest, inherited: devicesOfProfiles(spec, facts), pool: undefined}
  const made = spec.network?.type === 'host' ? {} : devicesOf(input)
  return Object.entries(devices).flatMap(([name, {type}]): Problem[] => {
    const path = ['devices', name]
    if (Object.hasOwn(made, name)) {
      return [{path, message: `'${name}' is made of "disk", "network", "ports" or "mounts" of this machine as well`}]
    }
    if (type === undefined) {
      const message = `'${name}' has no type; a device takes the place of the profile's as a whole`
      return [{path, message, hint: 'write all its keys'}]
    }
    if (TYPES.includes(type)) return []
    const hint = didYouMean(type, TYPES) ?? `one of ${TYPES.join(', ')}`
    return [{path: [...path, 'type'], message: `'${type}' is no type of device`, hint}]
  })
}
