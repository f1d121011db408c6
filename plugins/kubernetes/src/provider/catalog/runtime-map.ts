import {type ApiObject, type ModelRuntime, parseBytes, type RuntimeFormat} from '@omni-cli/sdk'
import {countOf, fieldsAt, isFields, listAt, textMapAt, wordOf} from '../../fields.ts'
import {flagCount, programOf, servedNameOf} from '../../ome/arguments.ts'
import {runnersOf} from '../../ome/runner.ts'
import {containerGpus} from '../inference/resources.ts'
import {namedVersionOf} from './model-map.ts'

/** A (Cluster)ServingRuntime as the catalogue shows it. */
export function runtimeOf({spec, metadata}: ApiObject): ModelRuntime {
  const {main, components} = runnersOf(spec)
  const program = programOf(main)
  const formats = listAt(spec, 'supportedModelFormats').map(formatOf)
  const gpus = main === undefined ? undefined : containerGpus(main)
  return {
    ...{name: metadata.name, namespace: metadata.namespace},
    enabled: fieldsAt(spec).disabled !== true,
    image: wordOf(main?.image) ?? '',
    architectures: [...new Set(formats.flatMap(({architecture}) => architecture ?? []))],
    engine: program.engine,
    ...{gpus, formats},
    sizeRange: rangeOf(fieldsAt(spec).modelSizeRange),
    memoryBytes: quantityOf(main, 'memory'),
    cpus: coresOf(main),
    tensorParallel: flagCount(program, 'tensorParallel'),
    components,
    servedModelName: servedNameOf(program),
    labels: textMapAt(metadata.labels),
    createdAt: wordOf(metadata.creationTimestamp),
  }
}

function formatOf(entry: unknown): RuntimeFormat {
  const fields = fieldsAt(entry)
  return {
    format: namedVersionOf(fields.modelFormat) ?? {name: ''},
    framework: namedVersionOf(fields.modelFramework),
    architecture: wordOf(fields.modelArchitecture),
    quantization: wordOf(fields.quantization),
    autoSelect: fields.autoSelect === true,
    priority: countOf(fields.priority) ?? 1,
  }
}

function rangeOf(value: unknown): ModelRuntime['sizeRange'] {
  if (!isFields(value)) return undefined
  return {min: wordOf(value.min) ?? '', max: wordOf(value.max) ?? ''}
}

/** Requests, else limits: what the scheduler looks for. */
function amountOf(container: unknown, resource: string): string | undefined {
  for (const part of ['requests', 'limits']) {
    const value = fieldsAt(container, 'resources', part)[resource]
    if (typeof value === 'number' || (typeof value === 'string' && value !== '')) return String(value)
  }
  return undefined
}

const quantityOf = (container: unknown, resource: string): number | undefined =>
  parseBytes(amountOf(container, resource) ?? '')

function coresOf(container: unknown): number | undefined {
  const text = amountOf(container, 'cpu') ?? ''
  const match = /^(\d+(?:\.\d+)?)(m?)$/.exec(text)
  return match === null ? undefined : Number(match[1]) / (match[2] === 'm' ? 1000 : 1)
}
