import type {CallOptions, NetworkSpec} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient} from '../client/client.ts'
import {networkWire, type WireNetwork} from '../client/wire.ts'
import {freeSubnet, overlapping} from '../install/subnet.ts'
import type {Addresses} from './networks-config.ts'
import {checkSubnet, hostSubnets} from './networks-subnet.ts'
import {listNetworks} from './requests.ts'

type Config = Readonly<Record<string, string>>
type HostSubnets = () => Promise<ReadonlyMap<string, string>>

export interface NetworkSurroundings {
  /** Networks of the machine that Incus runs on, and what each is. Default: asked of this machine, for a local daemon. */
  readonly hostSubnets?: HostSubnets | undefined
}

interface Choice {
  readonly spec: NetworkSpec
  /** Settings of the network that is changed. */
  readonly before?: Config | undefined
  readonly options?: CallOptions | undefined
}

/** Says which addresses a network is given. */
export function addressChooser(
  client: IncusClient,
  surroundings: NetworkSurroundings,
): (choice: Choice) => Promise<Addresses> {
  const isLocal = client.url.startsWith('unix:')
  const host = surroundings.hostSubnets ?? (isLocal ? hostSubnets : async () => new Map<string, string>())
  return (choice) => chooseAddresses(client, host, choice)
}

/** The subnets that Incus is told: what was chosen before stays, none in use is taken, and a free one is looked for. */
async function chooseAddresses(client: IncusClient, host: HostSubnets, choice: Choice): Promise<Addresses> {
  const {spec, options, before} = choice
  const {name, ipv4} = spec
  const own = {ipv4: before?.['ipv4.address'] ?? 'none', ipv6: before?.['ipv6.address'] ?? 'none'}
  const ipv6 = spec.ipv6 === 'auto' && own.ipv6 !== 'none' ? own.ipv6 : spec.ipv6
  if (ipv4 === 'none' || ipv4 === own.ipv4) return {ipv4, ipv6}
  if (ipv4 === 'auto' && own.ipv4 !== 'none') return {ipv4: own.ipv4, ipv6}
  const {value} = await client.fetch(z.array(networkWire), listNetworks(), options)
  const others = value.filter((wire) => wire.name !== name).flatMap(subnetsOf)
  const ofHost = [...(await host())].filter(([subnet]) => !overlapping(subnet, own.ipv4))
  const used = [...others, ...ofHost]
  if (ipv4 !== 'auto') checkSubnet(name, ipv4, used)
  // Incus looks for one by itself where this machine does not know which are free: for a server elsewhere.
  const free = ofHost.length === 0 ? undefined : freeSubnet(used.map(([subnet]) => subnet))
  return {ipv4: ipv4 === 'auto' ? (free ?? 'auto') : ipv4, ipv6}
}

const subnetsOf = ({name, config}: WireNetwork): [string, string][] => {
  const address = config['ipv4.address']
  return address === undefined || !address.includes('/') ? [] : [[address, `network ${name}`]]
}
