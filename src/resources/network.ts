import {type NetworkState, requireFacet} from '@omni-cli/sdk'
import type {TextLine} from '@omni-cli/sdk/cli'
import {factLines, labelText, planOf} from './cells.ts'
import {defineKind} from './kind.ts'

/** Networks that machines join. */
export const networkKind = defineKind<NetworkState, 'instance'>({
  kind: 'network',
  plural: 'networks',
  short: ['net', 'nets'],
  contract: 'instance',
  needsKind: true,
  columns: [
    {header: 'NAME', value: ({name}) => name},
    {header: 'IPV4', value: ({ipv4}) => ipv4},
    {header: 'IPV6', value: ({ipv6}) => ipv6},
    {header: 'MANAGED', value: ({managed}) => yesOrNo(managed)},
    {header: 'USED BY', value: ({usedBy}) => usedBy.length, align: 'right'},
    {header: 'NAT', value: ({nat}) => yesOrNo(nat), wide: true},
    {header: 'DHCP', value: ({dhcp}) => yesOrNo(dhcp), wide: true},
    {header: 'PLAN', value: ({labels}) => planOf(labels), wide: true},
    {header: 'LABELS', value: ({labels}) => labelText(labels), wide: true},
  ],
  list: async (provider, options) => requireFacet(provider, 'networks').list(options),
  get: async (provider, name, options) => requireFacet(provider, 'networks').get(name, options),
  remove: async (provider, name, options) => requireFacet(provider, 'networks').remove(name, options),
  labelsOf: ({labels}) => labels,
  lines: (network) => [
    ...factLines({
      name: network.name,
      description: network.description,
      ipv4: network.ipv4,
      ipv6: network.ipv6,
      nat: yesOrNo(network.nat),
      dhcp: yesOrNo(network.dhcp),
      managed: yesOrNo(network.managed),
      'used by': network.usedBy.join(', '),
      plan: planOf(network.labels),
      labels: labelText(network.labels),
    }),
    ...section(
      'config',
      Object.entries(network.config ?? {}).map(([key, value]) => `${key}=${value}`),
    ),
    ...section(
      'leases',
      (network.leases ?? []).map(({instance, address, mac}) => `${address}  ${instance}  ${mac ?? ''}`.trimEnd()),
    ),
  ],
})

const yesOrNo = (value: boolean) => (value ? 'yes' : 'no')

const section = (title: string, lines: readonly string[]): TextLine[] =>
  lines.length === 0 ? [] : [[[title, 'dim']], ...lines.map((line) => `  ${line}`)]
