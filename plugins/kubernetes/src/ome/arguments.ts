import {countOf, fieldsAt, listAt, textsAt, wordOf} from '../fields.ts'

/** What the container of a runtime runs. */
export interface Program {
  /** `vllm`, `sglang`; undefined when neither image nor command tells. */
  readonly engine: 'vllm' | 'sglang' | undefined
  /** Arguments as flag and value: `--tp-size 4`, `--tp-size=4` and a line for a shell are read alike. */
  readonly flags: ReadonlyMap<string, string>
  readonly env: ReadonlyMap<string, string>
}

/** Reads a container: `command`, `args`, `env`, `image`. */
export function programOf(container: unknown): Program {
  const words = [...textsAt(container, 'command'), ...textsAt(container, 'args')].flatMap(wordsOf)
  const image = wordOf(fieldsAt(container).image) ?? ''
  return {engine: engineOf(image, words), flags: flagsOf(words), env: envOf(container)}
}

export const FLAGS = {
  tensorParallel: ['--tensor-parallel-size', '-tp', '--tp-size', '--tp'],
  pipelineParallel: ['--pipeline-parallel-size', '-pp', '--pp-size'],
  dataParallel: ['--data-parallel-size', '-dp', '--dp-size', '--dp'],
  context: ['--max-model-len', '--context-length'],
  memoryShare: ['--gpu-memory-utilization', '--mem-fraction-static', '--mem-frac'],
  servedName: ['--served-model-name'],
  cacheType: ['--kv-cache-dtype'],
} as const

export type FlagName = keyof typeof FLAGS

export function flagValue({flags}: Program, name: FlagName): string | undefined {
  for (const flag of FLAGS[name]) {
    const value = flags.get(flag)
    if (value !== undefined && value !== '') return value
  }
  return undefined
}

/** A whole number; undefined for a value that only the container knows (`$(PARALLELISM_SIZE)`). */
export const flagCount = (program: Program, name: FlagName): number | undefined => countOf(flagValue(program, name))

/** The first name that it answers to; undefined when it comes from the environment of the pod. */
export function servedNameOf(program: Program): string | undefined {
  const told = flagValue(program, 'servedName')
  const resolved = told?.replaceAll(/\$\(?([A-Z_]+)\)?/g, (whole, name) => program.env.get(name) ?? whole)
  const name = resolved ?? program.env.get('SERVED_MODEL_NAME')
  return name === undefined || /[${]/.test(name) ? undefined : name
}

/** A line for a shell (`sh -c "vllm serve …"`, also over several lines) is taken apart at its blanks. */
const wordsOf = (word: string): readonly string[] =>
  /\s--?[a-z]/.test(word) ? word.split(/[\s\\]+/).filter((part) => part !== '') : [word]

function flagsOf(words: readonly string[]): Map<string, string> {
  const flags = new Map<string, string>()
  for (const [index, word] of words.entries()) {
    if (!/^--?[a-z]/.test(word)) continue
    const at = word.indexOf('=')
    const next = words[index + 1]
    if (at > 0) flags.set(word.slice(0, at), word.slice(at + 1))
    else flags.set(word, next === undefined || /^--?[a-z]/.test(next) ? '' : next)
  }
  return flags
}

function envOf(container: unknown): Map<string, string> {
  const pairs = listAt(container, 'env').map((entry) => fieldsAt(entry))
  return new Map(
    pairs.flatMap(({name, value}) => (typeof name === 'string' && typeof value === 'string' ? [[name, value]] : [])),
  )
}

function engineOf(image: string, words: readonly string[]): Program['engine'] {
  const line = words.slice(0, 6).join(' ')
  if (/sglang/.test(line)) return 'sglang'
  if (/\bvllm\b/.test(line)) return 'vllm'
  if (/sglang/i.test(image)) return 'sglang'
  return /vllm/i.test(image) ? 'vllm' : undefined
}
