import {type Accelerator, formatBytes, requireFacet} from '@omni-cli/sdk'
import type {Column} from '@omni-cli/sdk/cli'
import {factLines} from './cells.ts'
import {defineKind} from './kind.ts'

export const ACCELERATOR_COLUMNS: readonly Column<Accelerator>[] = [
  {header: 'NAME', value: ({name}) => name},
  {header: 'MEMORY', value: memoryText, align: 'right'},
  {header: 'TOTAL', value: ({total}) => total, align: 'right'},
  {header: 'USED', value: ({used}) => used, align: 'right'},
  {header: 'FREE', value: ({free}) => free, align: 'right', tone: ({free}) => (free > 0 ? 'good' : 'warn')},
  {header: 'LARGEST FREE', value: ({largestFree}) => largestFree, align: 'right'},
  {header: 'NODES', value: ({nodes}) => nodes.length, align: 'right'},
  {header: '$/HOUR', value: ({perHour}) => perHour, align: 'right'},
  {header: 'VENDOR', value: ({vendor}) => vendor, wide: true},
  {header: 'FAMILY', value: ({family}) => family, wide: true},
  {header: 'MODEL', value: ({model}) => model, wide: true},
  {header: 'DECLARED', value: ({declared}) => (declared ? 'yes' : 'no'), wide: true},
  {header: 'NODE NAMES', value: ({nodes}) => nodes.join(','), wide: true},
]

/** Classes of devices: declared ones, and those that only the nodes tell of. */
export const acceleratorKind = defineKind<Accelerator, 'catalog'>({
  kind: 'accelerator',
  plural: 'accelerators',
  short: ['gpu', 'gpus'],
  contract: 'catalog',
  needsKind: true,
  columns: ACCELERATOR_COLUMNS,
  list: async (catalog, {signal}) => requireFacet(catalog, 'accelerators').list({signal}),
  get: async (catalog, name, {signal}) =>
    (await requireFacet(catalog, 'accelerators').list({signal})).find((one) => one.name === name),
  lines: (one) =>
    factLines({
      ...{name: one.name, vendor: one.vendor, family: one.family, model: one.model, memory: memoryText(one)},
      ...{total: one.total, used: one.used, free: one.free, 'largest free on one node': one.largestFree},
      nodes: one.nodes.join(', '),
      'price of an hour': one.perHour,
      declared: one.declared ? 'by an AcceleratorClass' : 'no: made out from labels of nodes',
    }),
})

function memoryText({memoryBytes}: Accelerator): string | undefined {
  return memoryBytes === undefined ? undefined : formatBytes(memoryBytes)
}
