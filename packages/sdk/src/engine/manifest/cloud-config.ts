import {didYouMean} from '../../nearest.ts'
import {CLOUD_CONFIG_KEYS} from './cloud-config-keys.ts'
import type {FoundProblem} from './problem.ts'
import {
  createSource,
  type MapTree,
  placeOf,
  problemAt,
  type ScalarTree,
  type Source,
  type SourceDocument,
  type Spot,
} from './tree.ts'
import {parseYaml} from './yaml.ts'

/** What is wrong with user data, and what may be a mistake. */
export interface Lint {
  readonly problems: readonly FoundProblem[]
  readonly warnings: readonly FoundProblem[]
}

/** What the first line of user data may begin with; cloud-init passes anything else over in silence. */
const HEADERS =
  /^(#cloud-config|#!|#include|#cloud-boothook|#part-handler|#upstart-job|## template: *jinja|content-type: *multipart\/|mime-version:)/i

const HEADER_HINT = "begin it with a line '#cloud-config'"

/** User data in a file of its own. */
export const lintFile = (source: Source): Promise<Lint> =>
  lintText(source.text, (problem) => ({...problem, file: source.file}), {source, offset: 0})

/** User data inside of a plan. Places are those in the plan, where the text is a literal block. */
export function lintInline(source: Source, text: ScalarTree & {readonly value: string}): Promise<Lint> {
  const start = placeOf(source, text.offset)
  const {indent} = text
  const toPlan = (problem: FoundProblem): FoundProblem => {
    if (indent === undefined) {
      const place = problemAt(source, text.offset, {
        message: `line ${problem.line} of the user data: ${problem.message}`,
      })
      return {...place, ...(problem.hint === undefined ? {} : {hint: problem.hint})}
    }
    return {
      ...problem,
      file: source.file,
      line: start.line + problem.line - 1,
      column: problem.column + indent,
      ...lineOf(source, start.line + problem.line - 1),
    }
  }
  return lintText(text.value, toPlan, {source, offset: text.offset})
}

const lineOf = ({text, lineStarts}: Source, line: number): Pick<FoundProblem, 'sourceLine'> => {
  const from = lineStarts[line - 1]
  if (from === undefined) return {}
  return {sourceLine: text.slice(from, (lineStarts[line] ?? text.length + 1) - 1).replace(/\r$/, '')}
}

/** Unknown keys of a cloud-config that is written as a map. */
export const lintMap = (source: Source, tree: MapTree): Lint => ({
  problems: [],
  warnings: unknownKeys({source, root: tree}),
})

async function lintText(text: string, toPlan: (problem: FoundProblem) => FoundProblem, spot: Spot): Promise<Lint> {
  if (!HEADERS.test(text)) {
    const problem = {message: 'this is no user data that cloud-init knows', hint: HEADER_HINT}
    return {problems: [problemAt(spot.source, spot.offset, problem)], warnings: []}
  }
  if (!/^#cloud-config\s*(\n|\r|$)/i.test(text)) return {problems: [], warnings: []}
  const found: FoundProblem[] = []
  const source = createSource('cloud-config', '/', text)
  const documents = await parseYaml(source, found)
  const [document, second] = documents
  if (second !== undefined)
    found.push(problemAt(source, second.root.offset, {message: 'a cloud-config is one document'}))
  if (document !== undefined && document.root.kind !== 'map') {
    found.push(problemAt(source, document.root.offset, {message: 'a cloud-config is a map'}))
  }
  const warnings = document === undefined ? [] : unknownKeys(document)
  return {problems: found.map(toPlan), warnings: warnings.map(toPlan)}
}

function unknownKeys({source, root}: SourceDocument): FoundProblem[] {
  if (root.kind !== 'map') return []
  return [...root.entries]
    .filter(([key]) => !CLOUD_CONFIG_KEYS.includes(key))
    .map(([key, {offset}]) =>
      problemAt(source, offset, {message: `cloud-init knows no '${key}'`, hint: didYouMean(key, CLOUD_CONFIG_KEYS)}),
    )
}
