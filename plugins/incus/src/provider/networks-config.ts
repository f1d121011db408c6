import type {NetworkSpec, NetworkState} from '@omni-cli/sdk'
import type {WireNetwork} from '../client/wire.ts'
import {labelsOf, withLabels} from './labels.ts'
import {only, readWritten, without, writtenConfig} from './profiles-record.ts'
import {usersIn} from './profiles-users.ts'

type Config = Readonly<Record<string, string>>

/** Keys that fields of the spec are about. */
const OF_FIELDS = ['ipv4.address', 'ipv4.nat', 'ipv4.dhcp', 'ipv6.address', 'ipv6.nat']

export interface Addresses {
  readonly ipv4: string
  readonly ipv6: string
}

/**
 * The settings of a network by its spec. NAT is always said: Incus turns it on by itself only for subnets of its own choice.
 * @param before those it has: what the last spec did not say stays
 */
export function networkConfig(spec: NetworkSpec, {ipv4, ipv6}: Addresses, before: Config = {}): Record<string, string> {
  const kept = without(before, [...(readWritten(before)?.config ?? []), ...OF_FIELDS])
  const nat = String(spec.nat)
  const settings = {
    ...kept,
    'ipv4.address': ipv4,
    'ipv4.nat': nat,
    'ipv4.dhcp': String(spec.dhcp),
    'ipv6.address': ipv6,
    ...(ipv6 === 'none' ? {} : {'ipv6.nat': nat}),
    ...spec.config,
    ...writtenConfig(spec),
  }
  return withLabels(settings, spec.metadata ?? labelsOf(before))
}

export function networkOf(wire: WireNetwork, project: string): NetworkState {
  const {config, description} = wire
  const written = readWritten(config)
  const labels = labelsOf(config)
  const ipv4 = config['ipv4.address'] ?? 'none'
  const ipv6 = config['ipv6.address'] ?? 'none'
  return {
    name: wire.name,
    ...(description === '' || written?.description === false ? {} : {description}),
    ipv4: written?.auto.includes('ipv4') === true ? 'auto' : ipv4,
    ipv6: written?.auto.includes('ipv6') === true ? 'auto' : ipv6,
    // Where it has no meaning it is told as the spec has it by default.
    nat: isOn(config['ipv4.nat'] ?? config['ipv6.nat'], ipv4 === 'none' && ipv6 === 'none'),
    dhcp: isOn(config['ipv4.dhcp'], true),
    config: settingsOf(config, written?.config),
    metadata: labels,
    labels,
    usedBy: usersIn(wire.used_by, project),
    managed: wire.managed,
    ...(ipv4 === 'none' ? {} : {address: ipv4}),
  }
}

const isOn = (value: string | undefined, byDefault: boolean): boolean =>
  value === undefined ? byDefault : value === 'true'

/** The settings that were written; all but labels and those of fields where somebody else made it. */
function settingsOf(config: Config, written: readonly string[] | undefined): Record<string, string> {
  if (written !== undefined) return only(config, written)
  const isOther = ([key]: [string, string]) => !OF_FIELDS.includes(key) && !/^(user|volatile)\./.test(key)
  return Object.fromEntries(Object.entries(config).filter(isOther))
}
