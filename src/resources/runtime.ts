import {formatBytes, type ModelRuntime, type RuntimeFormat} from '@omni-cli/sdk'
import type {TextLine} from '@omni-cli/sdk/cli'
import {age, factLines, labelText} from './cells.ts'
import {defineKind} from './kind.ts'
import {versioned} from './model.ts'

export const runtimeKind = defineKind<ModelRuntime, 'catalog'>({
  kind: 'runtime',
  plural: 'runtimes',
  short: ['rt'],
  contract: 'catalog',
  columns: [
    {header: 'NAME', value: ({name}) => name},
    {header: 'ENABLED', value: enabledText, tone: ({enabled}) => (enabled ? 'good' : 'dim')},
    {header: 'AUTO', value: ({formats}) => formats && yesNo(formats.some(({autoSelect}) => autoSelect))},
    {header: 'ENGINE', value: ({engine}) => engine},
    {header: 'ARCHITECTURES', value: ({architectures}) => architectures.join(',')},
    {header: 'SIZES', value: sizesText},
    {header: 'GPUS', value: ({gpus}) => gpus, align: 'right'},
    {header: 'MEMORY', value: memoryText, align: 'right', wide: true},
    {header: 'TP', value: ({tensorParallel}) => tensorParallel, align: 'right', wide: true},
    {header: 'PARTS', value: ({components}) => components?.join(','), wide: true},
    {header: 'SERVED AS', value: ({servedModelName}) => servedModelName, wide: true},
    {header: 'NAMESPACE', value: ({namespace}) => namespace, wide: true},
    {header: 'AGE', value: ({createdAt}) => age(createdAt), align: 'right', wide: true},
    {header: 'IMAGE', value: ({image}) => image, wide: true},
    {header: 'LABELS', value: ({labels}) => labelText(labels ?? {}), wide: true},
  ],
  list: (catalog, options) => catalog.runtimes.list(options),
  get: (catalog, name, options) => catalog.runtimes.get(name, options),
  remove: (catalog, name, options) => catalog.runtimes.remove(name, options),
  labelsOf: ({labels}) => labels ?? {},
  lines: describeRuntime,
})

const yesNo = (value: boolean): string => (value ? 'yes' : 'no')

function enabledText({enabled}: ModelRuntime): string {
  return yesNo(enabled)
}

function sizesText({sizeRange}: ModelRuntime): string | undefined {
  return sizeRange && `${sizeRange.min || '?'}–${sizeRange.max || '?'}`
}

function memoryText({memoryBytes}: ModelRuntime): string | undefined {
  return memoryBytes === undefined ? undefined : formatBytes(memoryBytes)
}

function describeRuntime(runtime: ModelRuntime): TextLine[] {
  const {formats = []} = runtime
  return [
    ...factLines({
      ...{name: runtime.name, namespace: runtime.namespace, enabled: enabledText(runtime), engine: runtime.engine},
      image: runtime.image,
      sizes: sizesText(runtime),
      ...{
        gpus: runtime.gpus,
        'tensor parallel': runtime.tensorParallel,
        memory: memoryText(runtime),
        cpus: runtime.cpus,
      },
      parts: runtime.components?.join(', '),
      'served as': runtime.servedModelName,
      architectures: formats.length === 0 ? runtime.architectures.join(', ') : undefined,
      ...{labels: labelText(runtime.labels ?? {}), created: runtime.createdAt},
    }),
    ...(formats.length === 0 ? [] : [[['formats', 'dim']] satisfies TextLine, ...formats.map(formatLine)]),
  ]
}

function formatLine({format, framework, architecture, quantization, autoSelect, priority}: RuntimeFormat): TextLine {
  const parts = [architecture, versioned(format), versioned(framework), quantization]
  const known = parts.filter((part) => part !== undefined && part !== '').join(', ')
  return [`  ${known}`, [`  priority ${priority}${autoSelect ? '' : ', only when it is named'}`, 'dim']]
}
