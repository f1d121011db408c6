import {realpath} from 'node:fs/promises'
import {dirname, join, resolve} from 'node:path'
import type {DocumentContent, Draft} from './documents.ts'
import type {FoundProblem} from './problem.ts'
import {isProblem, readSource} from './read.ts'
import {parseSource} from './sources.ts'
import {at, problemAt, type Source, type SourceDocument, type Spot} from './tree.ts'

const MAX_FILES = 100
const MAX_DEPTH = 10
/** Characters of all included files. */
const MAX_TOTAL = 16 * 1024 * 1024

/** The documents together with those that they include, included ones first. Each file is read once. */
export async function withIncluded(
  documents: readonly SourceDocument[],
  problems: FoundProblem[],
  signal?: AbortSignal,
): Promise<SourceDocument[]> {
  const [first] = documents
  if (first === undefined || !documents.some(({root}) => at(root, 'include') !== undefined)) return [...documents]
  const reader = new Includes(problems, signal)
  return reader.expand(documents, [await identityOf(first.source)])
}

/** One file, whatever its name. */
const identityOf = async ({file}: Pick<Source, 'file'>): Promise<Link> => {
  const path = resolve(file)
  return {file, path: await realpath(path).catch(() => path)}
}

interface Link {
  readonly file: string
  readonly path: string
}

class Includes {
  readonly #problems: FoundProblem[]
  readonly #signal: AbortSignal | undefined
  readonly #seen = new Set<string>()
  #total = 0

  constructor(problems: FoundProblem[], signal: AbortSignal | undefined) {
    this.#problems = problems
    this.#signal = signal
  }

  async expand(documents: readonly SourceDocument[], chain: readonly Link[]): Promise<SourceDocument[]> {
    const expanded: SourceDocument[] = []
    for (const document of documents) {
      for (const {path, spot} of this.#namesIn(document)) expanded.push(...(await this.#include(path, spot, chain)))
      expanded.push(document)
    }
    return expanded
  }

  #namesIn({source, root}: SourceDocument): {path: string; spot: Spot}[] {
    const tree = at(root, 'include')
    if (tree === undefined) return []
    const items = tree.kind === 'list' ? tree.items : [tree]
    return items.flatMap((item) => {
      const spot = {source, offset: item.offset}
      if (item.kind === 'scalar' && typeof item.value === 'string' && item.value !== '')
        return [{path: item.value, spot}]
      this.#fail(spot, "'include' takes files, relative to this one")
      return []
    })
  }

  async #include(path: string, spot: Spot, chain: readonly Link[]): Promise<SourceDocument[]> {
    const {file: includer} = spot.source
    const file = includer === '-' ? path : resolve(path) === path ? path : join(dirname(includer), path)
    const link = await identityOf({file})
    if (chain.some((other) => other.path === link.path)) {
      const names = [...chain.slice(chain.findIndex((other) => other.path === link.path)), link].map((one) => one.file)
      this.#fail(spot, `the files include each other: ${names.join(' → ')}`)
      return []
    }
    if (this.#seen.has(link.path)) return []
    this.#seen.add(link.path)
    if (this.#seen.size > MAX_FILES || chain.length > MAX_DEPTH) {
      this.#fail(
        spot,
        chain.length > MAX_DEPTH
          ? `included deeper than ${MAX_DEPTH} files`
          : `more than ${MAX_FILES} files are included`,
      )
      return []
    }
    const source = await readSource(file, this.#signal)
    if (isProblem(source)) {
      // Mistakes in its text have their own place.
      if (source.sourceLine === undefined) this.#fail(spot, `cannot include '${path}': ${source.message}`)
      else this.#problems.push(source)
      return []
    }
    this.#total += source.text.length
    if (this.#total > MAX_TOTAL) {
      this.#fail(spot, 'the included files are larger than 16 MiB together')
      return []
    }
    return this.expand(await parseSource(source, this.#problems), [...chain, link])
  }

  #fail({source, offset}: Spot, message: string): void {
    this.#problems.push(problemAt(source, offset, {message}))
  }
}

/** Documents together with what they include, so that variables, environments and owner are those of the including file. */
export function joined(
  plans: readonly SourceDocument[],
  contents: ReadonlyMap<SourceDocument, DocumentContent>,
): DocumentContent[] {
  const own = new Set(plans)
  let drafts: Draft[] = []
  let environments = new Map<string, readonly Draft[]>()
  const found: DocumentContent[] = []
  for (const [document, content] of contents) {
    drafts = [...drafts, ...content.drafts]
    environments = new Map(environments)
    for (const [name, overlay] of content.environments) {
      environments.set(name, [...(environments.get(name) ?? []), ...overlay])
    }
    if (!own.has(document)) continue
    found.push({drafts, environments, project: content.project})
    drafts = []
    environments = new Map()
  }
  return found
}
