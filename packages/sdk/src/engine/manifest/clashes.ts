import {isIPv4} from 'node:net'
import type {SpecProblem} from '../../specs/fields.ts'
import type {InstanceSpec, NetworkSpec} from '../../specs/instance.ts'

interface Thing<Spec> {
  readonly name: string
  readonly spec: Spec
}

/** A problem of one of the things. */
export interface Clash extends SpecProblem {
  readonly ref: string
}

/** What two things of a plan cannot both have: a port of the host, a fixed address, a hardware address, a range. */
export function clashesOf(
  instances: readonly Thing<InstanceSpec>[],
  networks: readonly Thing<NetworkSpec>[],
): readonly Clash[] {
  return [...portClashes(instances), ...addressClashes(instances), ...rangeClashes(networks)]
}

function portClashes(instances: readonly Thing<InstanceSpec>[]): Clash[] {
  const clashes: Clash[] = []
  const taken = new Map<string, {readonly name: string; readonly host: string}[]>()
  for (const {name, spec} of instances) {
    for (const [index, {listen, protocol, host_ip: host}] of (spec.ports ?? []).entries()) {
      const key = `${protocol}/${listen}`
      const others = taken.get(key) ?? []
      const other = others.find((one) => one.host === host || [one.host, host].some(isEverywhere))
      if (other !== undefined) {
        const message = `port ${listen} of the host leads to '${other.name}' already`
        clashes.push({ref: `instance/${name}`, path: ['ports', index, 'listen'], message})
      }
      taken.set(key, [...others, {name, host}])
    }
  }
  return clashes
}

const isEverywhere = (host: string) => host === '0.0.0.0' || host === '::'

function addressClashes(instances: readonly Thing<InstanceSpec>[]): Clash[] {
  const clashes: Clash[] = []
  const taken = new Map<string, string>()
  const take = (name: string, field: 'ipv4' | 'mac', value: string, scope: string) => {
    const key = `${field} ${scope} ${value.toLowerCase()}`
    const other = taken.get(key)
    if (other === undefined) taken.set(key, name)
    else clashes.push({ref: `instance/${name}`, path: ['network', field], message: `'${other}' has ${value} already`})
  }
  for (const {name, spec} of instances) {
    const {network} = spec
    if (network === undefined) continue
    if (isIPv4(network.ipv4)) take(name, 'ipv4', network.ipv4, network.name ?? '')
    if (network.mac !== undefined) take(name, 'mac', network.mac, '')
  }
  return clashes
}

function rangeClashes(networks: readonly Thing<NetworkSpec>[]): Clash[] {
  const ranges = networks.flatMap(({name, spec}) => {
    const range = rangeOf(spec.ipv4)
    return range === undefined ? [] : [{name, text: spec.ipv4, range}]
  })
  return ranges.flatMap(({name, text, range}, index) => {
    const other = ranges.slice(0, index).find((one) => one.range.first <= range.last && range.first <= one.range.last)
    const message = `${text} overlaps with ${other?.text} of network '${other?.name}'`
    return other === undefined ? [] : [{ref: `network/${name}`, path: ['ipv4'], message}]
  })
}

/** First and last address of `10.20.0.1/24`, as numbers. */
function rangeOf(text: string): {readonly first: number; readonly last: number} | undefined {
  const [address = '', prefix = ''] = text.split('/')
  if (!isIPv4(address) || !/^\d+$/.test(prefix)) return undefined
  const size = 2 ** (32 - Number(prefix))
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const first = Math.floor(number / size) * size
  return {first, last: first + size - 1}
}
