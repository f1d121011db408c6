import {readFile} from 'node:fs/promises'
import {networkInterfaces} from 'node:os'
import {OmniError} from '@omni-cli/sdk'
import {overlapping, routesIn} from '../install/subnet.ts'

/** Networks of this machine, by its routes and the addresses of its interfaces, and what each is. */
export async function hostSubnets(): Promise<Map<string, string>> {
  // Absent on systems other than Linux: their interfaces tell enough.
  const table = await readFile('/proc/net/route', 'utf8').catch(() => '')
  const routes = routesIn(table).map((subnet) => [subnet, 'a route of this machine'] as const)
  const links = Object.entries(networkInterfaces()).flatMap(([link, addresses = []]) =>
    addresses
      .filter(({family}) => family === 'IPv4')
      .map(({address, cidr}) => [cidr ?? `${address}/32`, `interface ${link}`] as const),
  )
  return new Map([...routes, ...links])
}

/** Refuses an address whose network touches one that is in use. `used`: networks, and what each is. */
export function checkSubnet(network: string, address: string, used: readonly (readonly [string, string])[]): void {
  const hit = used.find(([subnet]) => overlapping(subnet, address))
  if (hit === undefined) return
  throw new OmniError('CONFLICT', `network '${network}': ${address} overlaps ${hit[0]} (${hit[1]})`, {
    hint: 'choose another subnet, or write ipv4: auto',
  })
}
