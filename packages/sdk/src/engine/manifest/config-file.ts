import {basename} from 'node:path'
import {z} from 'zod'
import type {SpecProblem} from '../../specs/fields.ts'
import {problemsOf} from './issues.ts'
import {type FoundProblem, problemsError} from './problem.ts'
import {isProblem, readSource} from './read.ts'
import type {FieldSchema} from './schema.ts'
import {parseToml} from './toml.ts'
import {offsetOf, plainValue, problemAt, type TreePath} from './tree.ts'

export interface ConfigFileOptions<T> {
  readonly schema: z.ZodType<T>
  /** Values that no message may quote. */
  readonly isSecret?: ((path: TreePath) => boolean) | undefined
  /** What the schema cannot say; gets the values as they are written, right or wrong. */
  readonly check?: ((written: unknown) => readonly SpecProblem[]) | undefined
  /** What may be meant by a key that is known nowhere near its place. */
  readonly hintFor?: ((key: string) => string | undefined) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * A TOML file of settings, read strictly. All problems with their places are thrown as one CONFIG_INVALID whose details are
 * `Problem[]`; lines of the file are not shown, they may hold secrets.
 */
export async function readConfigFile<T>(file: string, options: ConfigFileOptions<T>): Promise<T> {
  const {schema, isSecret, check, hintFor, signal} = options
  const source = await readSource(file, signal)
  if (isProblem(source)) throw configError([source])
  const problems: FoundProblem[] = []
  const [document] = parseToml(source, problems)
  if (document === undefined || document.root.kind !== 'map') throw configError(problems)
  const tree = document.root
  const written = plainValue(tree)
  const parsed = schema.safeParse(written)
  if (!parsed.success) {
    // Both types describe the same JSON.
    const fields = z.toJSONSchema(schema, {io: 'input', reused: 'inline', unrepresentable: 'any'}) as FieldSchema
    const checked = {kind: 'file', name: basename(file), source, tree, isSecret}
    problems.push(...problemsOf(checked, parsed.error.issues, fields))
  }
  for (const {path, message} of check?.(written) ?? []) {
    problems.push(problemAt(source, offsetOf(tree, path), {message}))
  }
  if (!parsed.success || problems.length > 0) throw configError(problems.map((problem) => withHint(problem, hintFor)))
  return parsed.data
}

const configError = (problems: readonly FoundProblem[]) =>
  problemsError(problems.map(({sourceLine: _, ...problem}) => ({...problem, code: 'CONFIG_INVALID' as const})))

function withHint(problem: FoundProblem, hintFor: ((key: string) => string | undefined) | undefined): FoundProblem {
  const key = /^unknown key '([^']*)'/.exec(problem.message)?.[1]
  const hint = problem.hint ?? (key === undefined ? undefined : hintFor?.(key))
  return hint === undefined ? problem : {...problem, hint}
}
