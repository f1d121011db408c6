import type {NamedVersion, ResolvedModel} from '@omni-cli/sdk'
import type {WireModel} from '../client/wire.ts'
import {correctedCapabilities} from '../reading/capabilities.ts'
import {type PipelineReading, readPipeline} from '../reading/diffusers.ts'
import {type JsonObject, textOf} from '../reading/json.ts'
import {type ConfigReading, readConfig} from '../reading/read-config.ts'
import {contradiction, countInFolder} from './parameters.ts'
import type {Repository} from './repository.ts'

type Told = Pick<
  ResolvedModel,
  | 'modelType'
  | 'architecture'
  | 'parameters'
  | 'quantization'
  | 'format'
  | 'framework'
  | 'capabilities'
  | 'maxTokens'
  | 'configuration'
>

export interface FilesReading extends Told {
  /** Undefined when there was no file to try. */
  readonly isReadable: boolean | undefined
  readonly warnings: readonly string[]
}

const MAX_CONFIG_BYTES = 4 * 1024 * 1024
const SAFETENSORS: NamedVersion = {name: 'safetensors', version: '1.0.0'}

/** Reads the files that the operator's agent reads, by its rules. */
export async function readFiles(repository: Repository, model: WireModel): Promise<FilesReading> {
  const warnings = weightRemarks(repository)
  const index = await repository.json('model_index.json', MAX_CONFIG_BYTES)
  const pipeline = index === undefined ? undefined : readPipeline(index)
  if (pipeline !== undefined) return readDiffusers(repository, pipeline, warnings)
  const path = configPath(repository)
  if (path === undefined) {
    warnings.push('there is no config.json: the operator cannot read it, type and architecture must be given by hand')
    return {isReadable: repository.isClosed() ? false : undefined, warnings}
  }
  const folder = path.slice(0, -'config.json'.length)
  const config = await repository.json(path, MAX_CONFIG_BYTES)
  if (config === undefined) return withoutConfig(repository, model, warnings)
  const similarity = await similarityOf(repository, folder, config)
  const reading = readConfig(config, similarity)
  if (reading === undefined) {
    warnings.push(`${path} has no model_type: the operator refuses it`)
    return {isReadable: true, warnings}
  }
  const counted = await countInFolder(repository, folder)
  warnings.push(...configRemarks(config, reading), ...countRemarks(config, reading, counted))
  const {capabilities, remark} = correctedCapabilities(reading.capabilities, {
    architecture: reading.architecture,
    task: model.pipeline_tag ?? undefined,
  })
  if (remark !== undefined) warnings.push(remark)
  return {
    ...toldBy(reading),
    parameters: counted ?? reading.estimatedParameters,
    capabilities,
    configuration: config,
    isReadable: true,
    warnings,
  }
}

/** Where the operator looks, in this order. */
function configPath({byPath, files}: Repository): string | undefined {
  const usual = ['', 'safetensors/', 'pytorch_model/', 'model/'].map((folder) => `${folder}config.json`)
  const elsewhere = files.map(({path}) => path).filter((path) => path.endsWith('/config.json'))
  return usual.find((path) => byPath.has(path)) ?? elsewhere.sort()[0]
}

async function similarityOf(repository: Repository, folder: string, config: JsonObject): Promise<string | undefined> {
  if (config.model_type !== 'qwen3') return undefined
  const found = await repository.json(`${folder}config_sentence_transformers.json`, MAX_CONFIG_BYTES)
  return found && textOf(found, 'similarity_fn_name')
}

/** The hub tells a little of the config also where the files are closed. */
function withoutConfig(repository: Repository, model: WireModel, warnings: string[]): FilesReading {
  if (!repository.isClosed()) {
    warnings.push('its config.json cannot be used: the operator will fail on the node')
    return {isReadable: true, warnings}
  }
  warnings.push('its files cannot be read with this token: type and size are only what the hub tells')
  const reading = model.config ? readConfig(model.config) : undefined
  return {...(reading && {...toldBy(reading), maxTokens: undefined, framework: undefined}), isReadable: false, warnings}
}

const toldBy = (reading: ConfigReading): Told => ({
  modelType: reading.modelType,
  architecture: reading.architecture || undefined,
  quantization: reading.quantization,
  format: SAFETENSORS,
  framework: {name: 'transformers', ...(reading.transformersVersion && {version: reading.transformersVersion})},
  capabilities: reading.capabilities,
  maxTokens: reading.contextLength || undefined,
})

async function readDiffusers(
  repository: Repository,
  {className, version, parts, capabilities}: PipelineReading,
  warnings: string[],
): Promise<FilesReading> {
  const transformer = repository.byPath.has('transformer/config.json') ? 'transformer' : 'unet'
  const needed = ['text_encoder', transformer, 'vae']
  const extra = parts.filter((part) => !['scheduler', 'tokenizer', 'transformer', 'unet', ...needed].includes(part))
  const counts: (number | undefined)[] = []
  for (const part of needed) counts.push(await countInFolder(repository, `${part}/`))
  const isWhole = counts.every((count) => count !== undefined)
  for (const part of isWhole ? extra : []) counts.push((await countInFolder(repository, `${part}/`)) ?? 0)
  const framework = {name: 'diffusers', ...(version && {version})}
  return {
    modelType: 'diffusers',
    architecture: className || undefined,
    format: framework,
    framework,
    capabilities,
    parameters: isWhole ? counts.reduce<number>((sum, count) => sum + (count ?? 0), 0) : undefined,
    isReadable: !repository.isClosed(),
    warnings,
  }
}

function weightRemarks({files}: Repository): string[] {
  const has = (end: RegExp) => files.some(({path}) => end.test(path))
  if (has(/\.safetensors$/)) return []
  if (has(/\.gguf$/)) return ['it has GGUF files and no safetensors: runtimes for safetensors cannot load it']
  if (has(/\.(bin|pt|pth)$/)) return ['its weights are pickles (.bin), no safetensors: loading them can run code']
  return ['it has no weights in safetensors']
}

function configRemarks(config: JsonObject, reading: ConfigReading): string[] {
  const remarks: string[] = []
  if (config.auto_map !== undefined) remarks.push('it runs code of its own (auto_map): only with --trust-remote-code')
  if (!Array.isArray(config.architectures) || config.architectures.length === 0) {
    remarks.push('config.json names no architecture: no runtime is chosen by itself')
  }
  if (!reading.isKnownType)
    remarks.push(`the operator has no loader for '${reading.modelType}': it reads the common fields`)
  const {quantizationMethod: method, quantization} = reading
  if (method !== '' && quantization === undefined) {
    remarks.push(
      `it is quantised (${method}), which the operator does not write down: runtimes are chosen as if it were not`,
    )
  }
  if (/(Reward|SequenceClassification)/.test(reading.architecture)) {
    remarks.push(`${reading.architecture} scores texts; the operator treats it as one that writes them`)
  }
  return remarks
}

function countRemarks(config: JsonObject, reading: ConfigReading, counted: number | undefined): string[] {
  if (counted !== undefined) return [contradiction(config, counted) ?? []].flat()
  if (reading.estimatedParameters === 0) return ['how many parameters it has cannot be told']
  return ['the number of parameters is an estimate from config.json']
}
