import {countOf, type Fields, fieldsAt, isFields, listAt, textOf, textsAt} from '../fields.ts'
import {parseVersion, type Version, type VersionOperator} from './version.ts'

/*
 * What the choice of a runtime depends on. A field that is set to '' is set: OME tells the two apart. Defaults of the schema
 * (weight 1, operator Equal, priority 1) are filled in, as a live API server does, so that files give the same answers.
 */

export interface Versioned {
  readonly name: string
  readonly version: string | undefined
  /** Undefined also when OME cannot read the version. */
  readonly parsed: Version | undefined
  readonly operator: VersionOperator
  readonly weight: number
}

export interface PipelinePart {
  readonly library: string
  readonly type: string
}

export interface Pipeline {
  readonly className: string | undefined
  /** Those that are given, by name. */
  readonly parts: ReadonlyMap<string, PipelinePart>
  readonly additional: ReadonlyMap<string, PipelinePart>
}

export interface SelectModel {
  readonly name: string
  readonly format: Versioned | undefined
  readonly framework: Versioned | undefined
  readonly architecture: string | undefined
  readonly quantization: string | undefined
  readonly size: string | undefined
  readonly pipeline: Pipeline | undefined
}

export interface SelectFormat extends Omit<SelectModel, 'name' | 'size'> {
  /** Undefined counts neither as on nor as off. */
  readonly autoSelect: boolean | undefined
  readonly priority: number
}

export interface SelectRuntime {
  readonly name: string
  /** Absent: for the whole cluster. */
  readonly namespace: string | undefined
  readonly isDisabled: boolean
  readonly formats: readonly SelectFormat[]
  readonly range: {readonly min: string | undefined; readonly max: string | undefined} | undefined
  readonly accelerators: readonly string[]
}

/** From the spec of a (Cluster)BaseModel. */
export const selectModel = (name: string, spec: unknown): SelectModel => {
  const fields = fieldsAt(spec)
  return {name, ...signatureOf(fields), size: textOf(fields.modelParameterSize)}
}

/** From the spec of a (Cluster)ServingRuntime. */
export function selectRuntime(name: string, namespace: string | undefined, spec: unknown): SelectRuntime {
  const fields = fieldsAt(spec)
  const range = fields.modelSizeRange
  return {
    name,
    namespace,
    isDisabled: fields.disabled === true,
    formats: listAt(fields, 'supportedModelFormats').map(formatOf),
    range: isFields(range) ? {min: textOf(range.min), max: textOf(range.max)} : undefined,
    accelerators: textsAt(fields, 'acceleratorRequirements', 'acceleratorClasses'),
  }
}

function formatOf(entry: unknown): SelectFormat {
  const fields = fieldsAt(entry)
  return {
    ...signatureOf(fields),
    autoSelect: typeof fields.autoSelect === 'boolean' ? fields.autoSelect : undefined,
    priority: countOf(fields.priority) ?? 1,
  }
}

const signatureOf = (fields: Fields): Omit<SelectModel, 'name' | 'size'> => ({
  format: versionedOf(fields.modelFormat),
  framework: versionedOf(fields.modelFramework),
  architecture: textOf(fields.modelArchitecture),
  quantization: textOf(fields.quantization),
  pipeline: pipelineOf(fields.diffusionPipeline),
})

const OPERATORS: ReadonlySet<unknown> = new Set(['GreaterThan', 'GreaterThanOrEqual'])
const isOperator = (value: unknown): value is VersionOperator => OPERATORS.has(value)

export function versionedOf(value: unknown): Versioned | undefined {
  if (!isFields(value)) return undefined
  const version = textOf(value.version)
  return {
    name: textOf(value.name) ?? '',
    version,
    parsed: version === undefined ? undefined : parseVersion(version),
    operator: isOperator(value.operator) ? value.operator : 'Equal',
    weight: countOf(value.weight) ?? 1,
  }
}

/** In the order that OME compares them. */
const PARTS = ['scheduler', 'textEncoder', 'tokenizer', 'transformer', 'vae'] as const

function pipelineOf(value: unknown): Pipeline | undefined {
  if (!isFields(value)) return undefined
  const partsOf = (fields: Fields, names: readonly string[]) =>
    new Map(names.filter((name) => isFields(fields[name])).map((name) => [name, partOf(fields[name])]))
  const additional = fieldsAt(value, 'additionalComponents')
  return {
    className: textOf(value.className),
    parts: partsOf(value, PARTS),
    additional: partsOf(additional, Object.keys(additional)),
  }
}

function partOf(value: unknown): PipelinePart {
  const {library, type} = fieldsAt(value)
  return {library: textOf(library) ?? '', type: textOf(type) ?? ''}
}
