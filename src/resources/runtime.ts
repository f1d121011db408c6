import type {ModelRuntime} from '@omni-cli/sdk'
import {factLines, labelText} from './cells.ts'
import {defineKind} from './kind.ts'

export const runtimeKind = defineKind<ModelRuntime, 'catalog'>({
  kind: 'runtime',
  plural: 'runtimes',
  short: ['rt'],
  contract: 'catalog',
  columns: [
    {header: 'NAME', value: ({name}) => name},
    {header: 'ENABLED', value: enabledText, tone: ({enabled}) => (enabled ? 'good' : 'dim')},
    {header: 'ARCHITECTURES', value: ({architectures}) => architectures.join(',')},
    {header: 'GPUS', value: ({gpus}) => gpus, align: 'right'},
    {header: 'IMAGE', value: ({image}) => image, wide: true},
    {header: 'LABELS', value: ({labels}) => labelText(labels ?? {}), wide: true},
  ],
  list: (catalog, options) => catalog.runtimes.list(options),
  get: (catalog, name, options) => catalog.runtimes.get(name, options),
  remove: (catalog, name, options) => catalog.runtimes.remove(name, options),
  labelsOf: ({labels}) => labels ?? {},
  lines: (runtime) =>
    factLines({
      name: runtime.name,
      enabled: enabledText(runtime),
      image: runtime.image,
      architectures: runtime.architectures.join(', '),
      gpus: runtime.gpus,
      labels: labelText(runtime.labels ?? {}),
    }),
})

function enabledText({enabled}: ModelRuntime): string {
  return enabled ? 'yes' : 'no'
}
