import type {Pipeline, PipelinePart, SelectFormat, SelectModel, Versioned} from './shapes.ts'
import {isServed} from './version.ts'

/** Why an entry of a runtime does not match a model, in the operator's words; empty when it does. */
export function mismatches(model: SelectModel, entry: SelectFormat): readonly string[] {
  const found: string[] = []
  const add = (reason: string | undefined) => {
    if (reason !== undefined) found.push(reason)
  }
  add(pipelineMismatch(model.pipeline, entry.pipeline))
  add(fieldMismatch('architecture', model.architecture, entry.architecture))
  add(fieldMismatch('quantization', model.quantization, entry.quantization))
  add(formatMismatch(model.format, entry.format))
  add(frameworkMismatch(model.framework, entry.framework))
  return found
}

/** Both versions, or neither, and the runtime's serves the model's. */
export const versionsFit = (model: Versioned, runtime: Versioned): boolean =>
  model.version === undefined || runtime.version === undefined
    ? model.version === runtime.version
    : model.parsed !== undefined &&
      runtime.parsed !== undefined &&
      isServed(runtime.parsed, model.parsed, runtime.operator)

/** How the operator names what a model is, in its messages. */
export function modelLabel({format, framework, architecture, quantization}: SelectModel): string {
  const parts = [format?.name, format?.version, architecture, quantization, framework?.name, framework?.version]
  return `mt:${parts.filter((part) => part !== undefined).join(':')}`
}

function fieldMismatch(name: string, model: string | undefined, runtime: string | undefined): string | undefined {
  if (model === runtime) return undefined
  if (model === undefined) return `model has no ${name} but runtime requires ${runtime}`
  if (runtime === undefined) return `model has ${name} ${model} but runtime has no ${name} requirement`
  return `${name} mismatch (model=${model}, runtime=${runtime})`
}

function formatMismatch(model: Versioned | undefined, runtime: Versioned | undefined): string | undefined {
  // An entry without a format serves no model at all.
  if (runtime === undefined) return 'unknown mismatch'
  return versionedMismatch('format', model ?? NO_FORMAT, runtime)
}

function frameworkMismatch(model: Versioned | undefined, runtime: Versioned | undefined): string | undefined {
  if (model !== undefined && runtime !== undefined) return versionedMismatch('framework', model, runtime)
  return fieldMismatch('framework', model?.name, runtime?.name)
}

const NO_FORMAT: Versioned = {name: '', version: undefined, parsed: undefined, operator: 'Equal', weight: 1}

function versionedMismatch(what: 'format' | 'framework', model: Versioned, runtime: Versioned): string | undefined {
  if (model.name !== runtime.name) return `${what} name mismatch (model=${model.name}, runtime=${runtime.name})`
  if (versionsFit(model, runtime)) return undefined
  if (model.version === undefined) return `model has no ${what} version but runtime requires ${runtime.version}`
  if (runtime.version === undefined) return `model has ${what} version but runtime has no version requirement`
  return `${what} version mismatch (model=${model.version}, runtime=${runtime.version})`
}

/** A runtime that names no pipeline takes any. */
function pipelineMismatch(model: Pipeline | undefined, runtime: Pipeline | undefined): string | undefined {
  if (runtime === undefined) return undefined
  if (model === undefined) return 'diffusion pipeline required by runtime but not specified in model'
  const {className} = runtime
  if (className !== undefined && className !== model.className) {
    return `pipeline class mismatch (model=${model.className ?? '<nil>'}, runtime=${className})`
  }
  for (const [name, part] of runtime.parts) {
    const reason = partMismatch(name, model.parts.get(name), part)
    if (reason !== undefined) return reason
  }
  return additionalMismatch(model, runtime)
}

function additionalMismatch(model: Pipeline, runtime: Pipeline): string | undefined {
  if (runtime.additional.size > 0 && model.additional.size === 0) {
    return 'diffusion pipeline missing required additional components'
  }
  for (const [name, part] of runtime.additional) {
    const own = model.additional.get(name)
    const reason = own === undefined ? `diffusion component ${name} missing in model` : partMismatch(name, own, part)
    if (reason !== undefined) return reason
  }
  return undefined
}

function partMismatch(name: string, model: PipelinePart | undefined, runtime: PipelinePart): string | undefined {
  if (model === undefined) return `component ${name} required by runtime but not specified in model`
  for (const field of ['library', 'type'] as const) {
    if (runtime[field] !== '' && runtime[field] !== model[field]) {
      return `${name} ${field} mismatch (model=${model[field]}, runtime=${runtime[field]})`
    }
  }
  return undefined
}
