import {dirname, join, resolve} from 'node:path'
import {type Lint, lintFile, lintInline, lintMap} from './cloud-config.ts'
import type {Draft} from './documents.ts'
import type {FoundProblem} from './problem.ts'
import {isProblem, readSource} from './read.ts'
import {at, isText, type MapEntry, type MapTree, plainValue, problemAt, type Source, type Spot, spotOf} from './tree.ts'

/** Backends keep user data in a setting; more than this is a mistake. */
const MAX_BYTES = 1024 * 1024

/** What a load has found so far, and the files it has read. */
export interface UserDataContext {
  readonly problems: FoundProblem[]
  readonly warnings: FoundProblem[]
  readonly files: Map<string, Promise<Source | FoundProblem>>
  readonly signal?: AbortSignal | undefined
}

/** The draft with its user data as text: a file is read, a map is written as a cloud-config. All of it is looked at. */
export async function withUserData(draft: Draft, context: UserDataContext): Promise<Draft> {
  const inline = at(draft.tree, 'cloud_init')
  const file = at(draft.tree, 'cloud_init_file')
  if (inline !== undefined && file !== undefined) {
    const {source, offset} = spotOf(draft, ['cloud_init_file'], 'key')
    context.problems.push(problemAt(source, offset, {message: "give 'cloud_init' or 'cloud_init_file', not both"}))
    return draft
  }
  if (isText(file)) return withText(draft, await textOfFile(file.value, spotOf(draft, ['cloud_init_file']), context))
  if (isText(inline)) {
    const {source} = spotOf(draft, ['cloud_init'])
    report(await lintInline(source, inline), context)
  }
  if (inline?.kind === 'map') {
    report(lintMap(spotOf(draft, ['cloud_init']).source, inline), context)
    return withText(draft, await textOfMap(inline))
  }
  return draft
}

function report({problems, warnings}: Lint, context: UserDataContext): void {
  context.problems.push(...problems)
  context.warnings.push(...warnings)
}

async function textOfFile(name: string, spot: Spot, context: UserDataContext): Promise<string | undefined> {
  const {file: plan, folder} = spot.source
  // As the user would name it.
  const file = resolve(name) === name || plan === '-' ? name : join(dirname(plan), name)
  const path = resolve(folder, name)
  const reading = context.files.get(path) ?? readSource(file, context.signal, MAX_BYTES)
  context.files.set(path, reading)
  const source = await reading
  if (!isProblem(source)) {
    report(await lintFile(source), context)
    return source.text
  }
  const message = `cannot read '${name}': ${source.message}`
  context.problems.push(source.sourceLine === undefined ? problemAt(spot.source, spot.offset, {message}) : source)
  return undefined
}

async function textOfMap(tree: MapTree): Promise<string> {
  const {dump} = await import('js-yaml')
  return `#cloud-config\n${dump(plainValue(tree), {lineWidth: -1, noRefs: true})}`
}

/** The same, with `cloud_init` as the only place of it. */
function withText(draft: Draft, text: string | undefined): Draft {
  const entries = new Map<string, MapEntry>(draft.tree.entries)
  const place = entries.get('cloud_init_file') ?? entries.get('cloud_init')
  entries.delete('cloud_init_file')
  if (text !== undefined && place !== undefined) {
    entries.set('cloud_init', {...place, value: {kind: 'scalar', offset: place.value.offset, value: text}})
  }
  return {...draft, tree: {...draft.tree, entries}}
}
