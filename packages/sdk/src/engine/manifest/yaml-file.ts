import {type FoundProblem, type Problem, problemsError} from './problem.ts'
import {isProblem, readSource} from './read.ts'
import {placeOf, problemAt, type Tree} from './tree.ts'
import {parseYaml} from './yaml.ts'

/** A YAML file of another tool. */
export interface YamlFile {
  /** The documents that are not empty; anchors, aliases and merge keys are resolved. */
  readonly documents: readonly Tree[]
  /** Absolute folder that relative paths in it start from. */
  readonly folder: string
  /** Line and column, from 1, of an offset of a tree. */
  placeOf(offset: number): Pick<Problem, 'line' | 'column'>
  /** One problem at an offset, for `problemsError`. */
  problemAt(offset: number, message: string): FoundProblem
}

/**
 * Reads YAML with the limits of our own files: 4 MiB, 100 levels, 20 000 values by aliases. All problems of form are
 * thrown as one MANIFEST_INVALID.
 */
export async function readYamlFile(file: string, signal?: AbortSignal): Promise<YamlFile> {
  const source = await readSource(file, signal)
  if (isProblem(source)) throw problemsError([source])
  const problems: FoundProblem[] = []
  const documents = await parseYaml(source, problems)
  if (problems.length > 0) throw problemsError(problems)
  return {
    documents: documents.map(({root}) => root),
    folder: source.folder,
    placeOf: (offset) => placeOf(source, offset),
    problemAt: (offset, message) => problemAt(source, offset, {message}),
  }
}
