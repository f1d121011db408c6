import {isSecretKey} from '../../io/redact.ts'
import {didYouMean} from '../../nearest.ts'
import type {FoundProblem} from './problem.ts'
import {isProblem, readSource, refused} from './read.ts'
import {nestedIn} from './references.ts'
import {parseSource} from './sources.ts'
import {at, problemAt, type ScalarTree, type SourceDocument, type Spot, type Tree} from './tree.ts'

/** Where values come from, the first that has one wins: `vars`, `varFiles`, `environment`, the default in the file. */
export interface VariableInputs {
  /** `NAME=VALUE`. */
  readonly vars?: readonly string[] | undefined
  /** Files that map names to values. */
  readonly varFiles?: readonly string[] | undefined
  /** Where `OMNI_VAR_NAME` is looked up. Default: the environment of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
}

export type Value = Pick<ScalarTree, 'value' | 'raw'>

interface Given extends Value {
  /** For messages: `--var`, a file, `OMNI_VAR_CPUS`. */
  readonly from: string
  readonly spot?: Spot | undefined
}

interface Variable {
  readonly name: string
  readonly spot: Spot
  readonly fallback: Value | undefined
  readonly isSecret: boolean
}

const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/
const ENV_PREFIX = 'OMNI_VAR_'

/** The values that were given from outside, for all files of a load. */
export class GivenVariables {
  readonly #flags = new Map<string, Given>()
  readonly #files = new Map<string, Given>()
  readonly #environment: Readonly<Record<string, string | undefined>>
  readonly #declared = new Set<string>()
  /** Values that no output may show. */
  readonly secrets = new Set<string>()
  readonly warnings: FoundProblem[] = []

  private constructor(environment: Readonly<Record<string, string | undefined>>) {
    this.#environment = environment
  }

  static async read(inputs: VariableInputs, problems: FoundProblem[], signal?: AbortSignal): Promise<GivenVariables> {
    const given = new GivenVariables(inputs.environment ?? process.env)
    for (const text of inputs.vars ?? []) {
      const [name, value] = [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]
      given.#flags.set(name, {...plainScalar(value), from: '--var'})
      if (isSecretKey(name)) {
        const message = `everybody on this machine can see the value of '${name}' in the list of processes`
        given.warnings.push(refused(`--var ${name}`, message, `${ENV_PREFIX}${name} or --var-file`))
      }
    }
    for (const file of inputs.varFiles ?? []) await given.#readFile(file, problems, signal)
    return given
  }

  async #readFile(file: string, problems: FoundProblem[], signal: AbortSignal | undefined): Promise<void> {
    const source = await readSource(file, signal)
    if (isProblem(source)) {
      problems.push(source)
      return
    }
    for (const {root} of await parseSource(source, problems)) {
      if (root.kind !== 'map')
        problems.push(problemAt(source, root.offset, {message: 'it must be a map of values by name'}))
      else
        for (const [name, {value, offset}] of root.entries) {
          const spot = {source, offset}
          if (value.kind !== 'scalar' || value.value === null) {
            problems.push(problemAt(source, offset, {message: `'${name}' must be a text, a number, true or false`}))
          } else this.#files.set(name, {value: value.value, raw: value.raw, from: file, spot})
        }
    }
  }

  /** Values of the variables that the documents declare; what is wrong with them is added to `problems`. */
  resolve(documents: readonly SourceDocument[], problems: FoundProblem[]): ReadonlyMap<string, Value> {
    const values = new Map<string, Value>()
    for (const variable of declarationsOf(documents, problems).values()) {
      this.#declared.add(variable.name)
      const value = this.#valueOf(variable, problems)
      // Named in a problem already; what refers to it is not one more.
      values.set(variable.name, value ?? {value: ''})
      const isHidden = variable.isSecret && typeof value?.value === 'string' && value.value !== ''
      if (isHidden) this.secrets.add(String(value.value))
    }
    return values
  }

  #valueOf({name, fallback, spot}: Variable, problems: FoundProblem[]): Value | undefined {
    const given = this.#flags.get(name) ?? this.#files.get(name) ?? this.#fromEnvironment(name)
    if (given === undefined) {
      if (fallback !== undefined) return fallback
      const hint = `--var NAME=VALUE, --var-file FILE or ${ENV_PREFIX}${name}`
      problems.push(problemAt(spot.source, spot.offset, {message: `the variable '${name}' has no value`, hint}))
      return undefined
    }
    if (fallback === undefined || typeof given.value === typeof fallback.value) return given
    if (typeof fallback.value === 'string') return {value: given.raw ?? String(given.value)}
    const message = `'${name}' is a ${typeof fallback.value} by its default; the value of ${given.from} is none`
    problems.push(problemAt(spot.source, spot.offset, {message}))
    return undefined
  }

  #fromEnvironment(name: string): Given | undefined {
    for (const key of [`${ENV_PREFIX}${name}`, `${ENV_PREFIX}${name.toUpperCase().replaceAll('-', '_')}`]) {
      const text = this.#environment[key]
      if (text !== undefined) return {...plainScalar(text), from: key}
    }
    return undefined
  }

  /** What was given by a flag or a file, and no file declares. */
  unknown(): FoundProblem[] {
    return [...this.#flags, ...this.#files]
      .filter(([name]) => !this.#declared.has(name))
      .map(([name, {from, spot}]) => {
        const problem = {message: `no file declares the variable '${name}'`, hint: didYouMean(name, this.#declared)}
        return spot === undefined
          ? refused(`${from} ${name}`, problem.message, problem.hint)
          : problemAt(spot.source, spot.offset, problem)
      })
  }
}

/** `variables:` of the documents; a later one wins over those before it. */
function declarationsOf(documents: readonly SourceDocument[], problems: FoundProblem[]): Map<string, Variable> {
  const found = new Map<string, Variable>()
  for (const {source, root} of documents) {
    const tree = at(root, 'variables')
    if (tree === undefined) continue
    if (tree.kind !== 'map') {
      problems.push(problemAt(source, tree.offset, {message: "'variables' is a map: name → default value"}))
      continue
    }
    for (const [name, entry] of tree.entries) {
      const spot = {source, offset: entry.offset}
      const variable = declarationOf({name, tree: entry.value, spot})
      if (typeof variable === 'string') problems.push(problemAt(source, entry.offset, {message: variable}))
      else {
        found.set(name, variable)
        problems.push(...nestedIn(source, name, entry.value))
      }
    }
  }
  return found
}

const DECLARATION_KEYS = ['default', 'description', 'secret']

function declarationOf({name, tree, spot}: {name: string; tree: Tree; spot: Spot}): Variable | string {
  if (!NAME.test(name)) return `'${name}' is no name for a variable; it has letters, digits, '_' and '-'`
  if (tree.kind === 'list') return `the variable '${name}' cannot be a list`
  const isSecret = isSecretKey(name)
  if (tree.kind === 'scalar') return {name, spot, fallback: scalarOf(tree), isSecret}
  const other = [...tree.entries.keys()].find((key) => !DECLARATION_KEYS.includes(key))
  if (other !== undefined) return `a variable has 'default', 'description' and 'secret'; '${other}' is not known`
  const fallback = at(tree, 'default')
  if (fallback !== undefined && fallback.kind !== 'scalar') return `the default of '${name}' cannot be a map or a list`
  const secret = at(tree, 'secret')
  if (secret !== undefined && !(secret.kind === 'scalar' && typeof secret.value === 'boolean')) {
    return `'secret' of '${name}' is true or false`
  }
  const isMarked = secret?.kind === 'scalar' ? secret.value === true : isSecret
  return {name, spot, fallback: fallback === undefined ? undefined : scalarOf(fallback), isSecret: isMarked}
}

/** Empty means that a value must be given. */
const scalarOf = ({value, raw}: ScalarTree): Value | undefined => (value === null ? undefined : {value, raw})

/** As YAML reads a plain scalar; the empty text is a text. */
function plainScalar(text: string): Value {
  if (/^(true|True|TRUE)$/.test(text)) return {value: true, raw: text}
  if (/^(false|False|FALSE)$/.test(text)) return {value: false, raw: text}
  const isNumber = /^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$/.test(text)
  return isNumber && Number.isFinite(Number(text)) ? {value: Number(text), raw: text} : {value: text}
}
