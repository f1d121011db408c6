import {type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument} from 'yaml'
import type {z} from 'zod'
import {OmniError} from '../../errors.ts'
import {didYouMean, guess} from '../../nearest.ts'
import type {OmniConfig} from '../session.ts'
import {CONTEXT_KEYS, configSchema, DEFAULT_CONTEXT_NAME} from './schema.ts'

type Path = readonly PropertyKey[]

/** One thing that is wrong with the file. */
export interface ConfigProblem {
  /** `contexts[1].namespace`. */
  readonly path: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** Text of `config.yaml` → configuration. CONFIG_INVALID with every problem and its place. */
export function parseConfig(text: string, file: string): OmniConfig {
  const lines = new LineCounter()
  const document = parseDocument(text, {lineCounter: lines, prettyErrors: false, uniqueKeys: true})
  const problems = document.errors.map((error): ConfigProblem => {
    const {line, col} = lines.linePos(error.pos[0])
    return {path: '', line, column: col, message: error.message}
  })
  if (problems.length === 0) {
    const result = configSchema.safeParse(plainValue(document, file))
    if (result.success) {
      problems.push(...crossProblems(result.data, document, lines))
      if (problems.length === 0) return result.data
    } else {
      problems.push(...result.error.issues.flatMap((issue) => issueProblems(issue, document, lines)))
    }
  }
  problems.sort((a, b) => a.line - b.line || a.column - b.column)
  throw invalid(file, problems)
}

function invalid(file: string, problems: readonly ConfigProblem[]): OmniError {
  const lines = problems.map(({path, line, column, message}) => {
    return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`
  })
  const head = problems.length === 1 ? '' : `the configuration has ${problems.length} problems\n`
  return new OmniError('CONFIG_INVALID', head + lines.join('\n'), {hint: 'omni config edit', details: {file, problems}})
}

/** The problems that an error of `parseConfig` carries. */
export function problemsOf(error: OmniError): readonly ConfigProblem[] {
  const {details} = error
  const problems = typeof details === 'object' && details !== null && 'problems' in details ? details.problems : []
  return Array.isArray(problems) ? problems : []
}

/** Aliases are limited, so that a small file cannot become a huge value. */
function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({maxAliasCount: 100}) ?? {}
  } catch (error) {
    throw new OmniError('CONFIG_INVALID', `${file}: too many YAML aliases`, {hint: 'omni config edit', cause: error})
  }
}

function issueProblems(issue: z.core.$ZodIssue, document: Document, lines: LineCounter): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key]
      return problem(path, unknownKey(key, knownKeys(issue.path)), document, lines, 'key')
    })
  }
  const [last] = issue.path.slice(-1)
  if (issue.message === 'unknown key' && typeof last === 'string') {
    return [problem(issue.path, unknownKey(last, CONTEXT_KEYS), document, lines, 'key')]
  }
  if (issue.code === 'invalid_key') {
    return [problem(issue.path, issue.issues[0]?.message ?? issue.message, document, lines, 'key')]
  }
  const message = issue.code === 'invalid_value' ? `${issue.message}${meantValue(issue, document)}` : issue.message
  return [problem(issue.path, message.charAt(0).toLowerCase() + message.slice(1), document, lines)]
}

function unknownKey(key: string, known: readonly string[]): string {
  return `unknown key; ${didYouMean(key, known) ?? `there are ${known.join(', ')}`}`
}

function meantValue(issue: z.core.$ZodIssueInvalidValue, document: Document): string {
  const value: unknown = document.getIn([...issue.path])
  return typeof value === 'string' ? guess(value, issue.values.map(String)) : ''
}

/** Keys of the object that the schema expects at a path. */
function knownKeys(path: Path): readonly string[] {
  const [head] = path
  if (head === 'preferences') return Object.keys(configSchema.shape.preferences.unwrap().shape)
  if (head === 'plugins') return Object.keys(configSchema.shape.plugins.unwrap().element.shape)
  return Object.keys(configSchema.shape)
}

/** What a schema of single values cannot see. */
function crossProblems(config: OmniConfig, document: Document, lines: LineCounter): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const names = new Set<string>()
  for (const [index, {name}] of config.contexts.entries()) {
    if (names.has(name)) {
      problems.push(problem(['contexts', index, 'name'], `there are two contexts '${name}'`, document, lines))
    }
    names.add(name)
  }
  const current = config['current-context']
  // The context that is there without being written down.
  names.add(DEFAULT_CONTEXT_NAME)
  if (current !== undefined && !names.has(current)) {
    const message = `there is no context '${current}'${guess(current, names)}`
    problems.push(problem(['current-context'], message, document, lines))
  }
  return problems
}

function problem(
  path: Path,
  message: string,
  document: Document,
  lines: LineCounter,
  what: 'key' | 'value' = 'value',
): ConfigProblem {
  const {line, col} = lines.linePos(offsetOf(path, document, what))
  return {path: pathText(path), line, column: col, message}
}

/** Where the key or the single value at the path starts, or the nearest that exists. */
function offsetOf(path: Path, document: Document, what: 'key' | 'value'): number {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const key = path[length - 1]
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key)
      const start = isNode(pair?.key) ? pair.key.range?.[0] : undefined
      const value = what === 'value' && isScalar(pair?.value) ? pair.value.range?.[0] : undefined
      if (start !== undefined) return value ?? start
    }
    const node: unknown = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}

const pathText = (path: Path): string =>
  path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`))
    .join('')
