import {type Accelerator, type CallOptions, requireFacet} from '@omni-cli/sdk'
import {type Column, type ListView, listView, type Session} from '@omni-cli/sdk/cli'
import {ACCELERATOR_COLUMNS} from '../resources/accelerator.ts'

export const listAccelerators = async (session: Session, call: CallOptions): Promise<Accelerator[]> =>
  requireFacet(await session.open('catalog'), 'accelerators').list(call)

export const acceleratorsView = (rows: readonly Accelerator[], empty = NONE): ListView<Accelerator> =>
  listView({columns: ACCELERATOR_COLUMNS, rows, ref, empty})

/** Classes of which some are free, those with most on one node first. */
export const availableView = (rows: readonly Accelerator[]): ListView<Accelerator> =>
  acceleratorsView(
    rows.filter(({free}) => free > 0).toSorted((a, b) => b.largestFree - a.largestFree || b.free - a.free),
    rows.length === 0 ? NONE : 'no device is free',
  )

const NONE = 'no node has devices, and no class of them is declared'

const percent = ({used, total}: Accelerator): number => (total === 0 ? 0 : Math.round((100 * used) / total))

const USAGE: readonly Column<Accelerator>[] = [
  {header: 'NAME', value: ({name}) => name},
  {header: 'USED', value: ({used, total}) => `${used} of ${total}`, align: 'right'},
  {
    header: 'USAGE',
    value: (one) => `${percent(one)} %`,
    align: 'right',
    tone: (one) => (percent(one) >= 100 ? 'warn' : 'plain'),
  },
  {header: 'FREE', value: ({free}) => free, align: 'right'},
  {header: 'LARGEST FREE', value: ({largestFree}) => largestFree, align: 'right'},
  {
    header: '$/HOUR IN USE',
    value: ({used, perHour}) => (perHour === undefined ? undefined : money(used * perHour)),
    align: 'right',
  },
  {header: 'NODES', value: ({nodes}) => nodes.join(','), wide: true},
]

/** What is asked for of what there is, the fullest first. */
export const usageView = (rows: readonly Accelerator[]): ListView<Accelerator> =>
  listView({columns: USAGE, rows: rows.toSorted((a, b) => percent(b) - percent(a)), ref, empty: NONE})

const money = (value: number): string => value.toFixed(2)
const ref = ({name}: Accelerator): string => `accelerator/${name}`
