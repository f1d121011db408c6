import {BlockList, isIPv4} from 'node:net'
import {didYouMean, type InstanceSpec} from '@omni-cli/sdk'
import type {WireNetwork} from '../client/wire.ts'
import {fixedAddress} from './devices.ts'
import type {Problem} from './refusals.ts'
import type {Facts} from './refusals-facts.ts'
import {devicesOfProfiles, isOwnProject} from './refusals-machine.ts'

/** The network that is joined, and a fixed address in it. */
export function networkProblems(spec: InstanceSpec, facts: Facts): Problem[] {
  const {network} = spec
  if (network === undefined) return []
  if (network.type === 'host') {
    const message = 'a machine of its own does not share the network of the host'
    return [{path: ['network', 'type'], message, hint: 'write "type: bridge", and "ports" for what must be reached'}]
  }
  if (network.bridged === true && network.name === undefined) {
    const hosts = facts.networks.filter(({managed}) => !managed).map(({name}) => name)
    const hint = `write "name": one of ${hosts.join(', ')}`
    return [{path: ['network', 'bridged'], message: 'it is not said which network of the host is meant', hint}]
  }
  return [...nameProblems(network.name, facts), ...addressProblems(spec, facts)]
}

function nameProblems(name: string | undefined, {networks, wanted}: Facts): Problem[] {
  if (name === undefined || wanted.networks.includes(name)) return []
  if (networks.some((network) => network.name === name)) return []
  const known = [...networks.filter(({managed}) => managed).map((network) => network.name), ...wanted.networks]
  const hint = didYouMean(name, known) ?? 'omni get networks'
  return [{path: ['network', 'name'], message: `there is no network '${name}'`, hint}]
}

function addressProblems(spec: InstanceSpec, facts: Facts): Problem[] {
  const address = fixedAddress(spec)
  if (address === undefined) return []
  const problem = (message: string): Problem[] => [{path: ['network', 'ipv4'], message}]
  if (spec.network?.type === 'none') return problem('a machine without a network has no address')
  const twin = facts.wanted.instances.find((other) => other.name !== spec.name && fixedAddress(other) === address)
  if (twin !== undefined) return problem(`${address} is wanted by '${twin.name}' too`)
  const holder = holderOf(address, spec, facts)
  if (holder !== undefined) return problem(`${address} belongs to '${holder}'`)
  const name = spec.network?.name ?? networkOfProfiles(spec, facts)
  const network = facts.networks.find((candidate) => candidate.name === name)
  return network === undefined ? [] : subnetProblems(address, network).flatMap((message) => problem(message))
}

/** The machine that has the address for good. */
function holderOf(address: string, {name}: InstanceSpec, facts: Facts): string | undefined {
  return facts.instances.find(
    (instance) =>
      !(instance.name === name && isOwnProject(instance.project, facts)) &&
      Object.values(instance.expanded_devices).some((device) => device['ipv4.address'] === address),
  )?.name
}

const networkOfProfiles = (spec: InstanceSpec, facts: Facts): string | undefined =>
  Object.values(devicesOfProfiles(spec, facts)).find(({type}) => type === 'nic')?.network

function subnetProblems(address: string, {name, config, managed}: WireNetwork): string[] {
  if (!managed) return [`addresses of '${name}' are not given by Incus`]
  const [host = '', prefix = ''] = (config['ipv4.address'] ?? 'none').split('/')
  if (!isIPv4(host)) return [`the network '${name}' has no IPv4`]
  if (config['ipv4.dhcp'] === 'false') return [`the network '${name}' gives out no addresses`]
  const subnet = new BlockList()
  subnet.addSubnet(host, Number(prefix))
  if (!subnet.check(address)) return [`${address} is outside of '${name}', which is ${host}/${prefix}`]
  return address === host ? [`${address} is the address of the host in '${name}'`] : []
}
