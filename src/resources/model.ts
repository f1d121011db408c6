import type {Model} from '@omni-cli/sdk'
import type {Tone} from '@omni-cli/sdk/cli'
import {factLines, labelText} from './cells.ts'
import {defineKind} from './kind.ts'

const TONE = {ready: 'good', importing: 'warn', failed: 'bad', unknown: 'warn'} as const satisfies Record<
  Model['status'],
  Tone
>

export const modelKind = defineKind<Model, 'catalog'>({
  kind: 'model',
  plural: 'models',
  short: [],
  contract: 'catalog',
  columns: [
    {header: 'NAME', value: ({name}) => name},
    {header: 'STATUS', value: ({status}) => status, tone: ({status}) => TONE[status]},
    {header: 'ARCHITECTURE', value: ({architecture}) => architecture},
    {header: 'PARAMETERS', value: ({parameters}) => parameters, align: 'right'},
    {header: 'SOURCE', value: ({source}) => source},
    {header: 'LABELS', value: ({labels}) => labelText(labels ?? {}), wide: true},
  ],
  list: (catalog, options) => catalog.models.list(options),
  get: (catalog, name, options) => catalog.models.get(name, options),
  remove: (catalog, name, options) => catalog.models.remove(name, options),
  labelsOf: ({labels}) => labels ?? {},
  lines: ({name, status, architecture, size, source, labels}) =>
    factLines({name, status, architecture, size, source, labels: labelText(labels ?? {})}),
})
