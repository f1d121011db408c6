import {type Capability, pipelineCapabilities} from './capabilities.ts'
import {type JsonObject, textOf} from './json.ts'

/** A pipeline of diffusers, as model_index.json tells it. */
export interface PipelineReading {
  readonly className: string
  readonly version: string
  /** Folders of the parts, those first whose parameters count in any case. */
  readonly parts: readonly string[]
  readonly capabilities: readonly Capability[]
}

const CLASS_KEYS = ['_class_name', 'class_name', 'className']

/** Undefined when it describes no pipeline. */
export function readPipeline(index: JsonObject): PipelineReading | undefined {
  const className = CLASS_KEYS.map((key) => textOf(index, key)).find((name) => name !== '') ?? ''
  const parts = Object.entries(index)
    .filter(([key, value]) => !key.startsWith('_') && isPart(value))
    .map(([key]) => key)
  if (className === '' && parts.length === 0) return undefined
  return {
    className,
    version: textOf(index, '_diffusers_version') || textOf(index, 'diffusers_version'),
    parts: parts.filter((part) => /^[\w-]+$/.test(part)),
    capabilities: pipelineCapabilities(className),
  }
}

const isPart = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string')
