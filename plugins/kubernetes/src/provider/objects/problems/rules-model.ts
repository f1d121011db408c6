import {isMap, listAt, textAt, valueAt} from '../values.ts'
import type {OmeRule, RuleProblem} from './rule.ts'
import {uriProblem} from './storage-uri.ts'

const MODELS = ['BaseModel', 'ClusterBaseModel', 'FineTunedWeight']
const RUNTIMES = ['ServingRuntime', 'ClusterServingRuntime']

/** `70B`, `1.5T`: the operator reads anything else as 0. */
const SIZE = /^\d+(\.\d+)?[TBM]?$/
const UNITS: Readonly<Record<string, number>> = {T: 1e12, B: 1e9, M: 1e6}

const sizeOf = (text: string): number => Number.parseFloat(text) * (UNITS[text.at(-1) ?? ''] ?? 1)

/** Rules about models, runtimes and accelerators. */
export const MODEL_RULES: readonly OmeRule[] = [
  {
    kinds: MODELS,
    check(object) {
      const uri = textAt(object, 'spec', 'storage', 'storageUri')
      const problem = uri === undefined ? undefined : uriProblem(uri, 'model')
      return problem === undefined ? [] : [{path: ['spec', 'storage', 'storageUri'], ...problem}]
    },
  },
  {
    kinds: ['BaseModel', 'ClusterBaseModel'],
    check(object) {
      const uri = textAt(object, 'spec', 'storage', 'storageUri') ?? ''
      const path = valueAt(object, 'spec', 'storage', 'path')
      if (path !== undefined && path !== '') return []
      const isNeeded = /^(hf|oci):/.test(uri)
      const message = "'path' is missing: the agent of OME needs the folder on the node"
      return isNeeded ? [{path: ['spec', 'storage'], severity: 'error', message, hint: 'path: /mnt/data/models/…'}] : []
    },
  },
  {
    kinds: MODELS,
    check(object) {
      const path = ['spec', 'storage', 'parameters', 'token']
      if (valueAt(object, ...path) === undefined) return []
      const message = 'the token stands here for everybody to read'
      return [{path, severity: 'warning', message, hint: "put it into a Secret, and its name into 'key'"}]
    },
  },
  {
    kinds: ['BaseModel', 'ClusterBaseModel'],
    check(object) {
      const size = textAt(object, 'spec', 'modelParameterSize')
      if (size === undefined || SIZE.test(size)) return []
      const message = `the operator reads '${size}' as 0`
      return [{path: ['spec', 'modelParameterSize'], severity: 'error', message, hint: 'write it as 70B, 340M or 1.5T'}]
    },
  },
  {
    kinds: RUNTIMES,
    check(object) {
      const range = valueAt(object, 'spec', 'modelSizeRange')
      if (!isMap(range)) return []
      const path = ['spec', 'modelSizeRange']
      const missing = ['min', 'max'].filter((name) => textAt(range, name) === undefined)
      if (missing.length > 0) {
        const message = `'${missing.join("' and '")}' is missing: the operator ends with a crash at such a range`
        return [{path, severity: 'error', message}]
      }
      return rangeProblems(textAt(range, 'min') ?? '', textAt(range, 'max') ?? '', path)
    },
  },
  {
    kinds: RUNTIMES,
    check(object) {
      const priorities = new Map<string, unknown>()
      return listAt(object, 'spec', 'supportedModelFormats').flatMap((format, index): RuleProblem[] => {
        const name = textAt(format, 'modelFormat', 'name') ?? textAt(format, 'name')
        const priority = isMap(format) ? format.priority : undefined
        if (name === undefined || priority === undefined) return []
        const other = priorities.get(name)
        priorities.set(name, priority)
        if (other === undefined || other === priority) return []
        const message = `the format '${name}' has the priorities ${String(other)} and ${String(priority)} in one runtime`
        return [{path: ['spec', 'supportedModelFormats', index, 'priority'], severity: 'error', message}]
      })
    },
  },
  {
    kinds: ['AcceleratorClass'],
    check(object) {
      const path = ['spec', 'capabilities', 'memoryGB']
      const memory = valueAt(object, ...path)
      if (memory === undefined || (typeof memory === 'string' && /[a-zA-Z]$/.test(memory))) return []
      const message = `${String(memory)} is ${String(memory)} bytes: in spite of its name this is an amount with a unit`
      return [{path, severity: 'error', message, hint: `"${String(memory)}Gi"`}]
    },
  },
]

function rangeProblems(min: string, max: string, path: readonly string[]): RuleProblem[] {
  const wrong = Object.entries({min, max}).filter(([, text]) => !SIZE.test(text))
  if (wrong.length > 0) {
    return wrong.map(([name, text]) => ({
      path: [...path, name],
      severity: 'error',
      message: `the operator reads '${text}' as 0`,
      hint: 'write it as 7B or 340M',
    }))
  }
  return sizeOf(min) > sizeOf(max) ? [{path, severity: 'error', message: `min ${min} is more than max ${max}`}] : []
}
