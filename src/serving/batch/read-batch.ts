import {readFile} from 'node:fs/promises'
import {extname} from 'node:path'
import {isAbort, messageOf, OmniError} from '@omni-cli/sdk'
import type {FoundProblem, Problem, Tree} from '@omni-cli/sdk/engine'
import type {ServingWish} from '../wish.ts'
import {type EntryProblem, type RawEntry, readEntry, type Written} from './entry.ts'

/** A model of the batch and where it stands. */
export interface BatchEntry {
  readonly wish: ServingWish
  readonly place: Pick<Problem, 'line' | 'column'>
}

/** Entries of a file, and how a problem of one is told. */
export interface Batch {
  readonly entries: readonly BatchEntry[]
  problem(entry: BatchEntry, message: string): FoundProblem
}

const MOST_BYTES = 4 * 1024 * 1024

/**
 * `.yaml`, `.yml` and `.json`: a list of entries, or a map that has one under `models` or `services`. Anything else: lines
 * `MODEL [NAME] [KEY=VALUE…]`; `#` begins a comment. MANIFEST_INVALID with all problems, each with line and column.
 */
export async function readBatch(file: string, signal?: AbortSignal): Promise<Batch> {
  const isTree = ['.yaml', '.yml', '.json'].includes(extname(file).toLowerCase())
  return isTree ? readTreeBatch(file, signal) : readLineBatch(file, signal)
}

async function readTreeBatch(file: string, signal: AbortSignal | undefined): Promise<Batch> {
  const {readYamlFile} = await import('@omni-cli/sdk/engine')
  const yaml = await readYamlFile(file, signal)
  const items = yaml.documents.flatMap((document) => itemsOf(document))
  const raws = items.map(rawOf)
  const told = (offset: number, message: string) => yaml.problemAt(offset, message)
  return collect(raws, {file, told, placeOf: yaml.placeOf})
}

function itemsOf(document: Tree): readonly Tree[] {
  if (document.kind === 'list') return document.items
  if (document.kind !== 'map') return [document]
  const list = document.entries.get('models')?.value ?? document.entries.get('services')?.value
  return list?.kind === 'list' ? list.items : [document]
}

/** A text alone is the name of a model. */
function rawOf(tree: Tree): RawEntry<number> {
  const {offset} = tree
  if (tree.kind === 'scalar') return {place: offset, fields: new Map([['model', {value: tree.value, place: offset}]])}
  if (tree.kind === 'list') return {place: offset, fields: new Map()}
  const fields = [...tree.entries].map(([key, entry]): [string, Written<number>] => [
    key,
    {value: plain(entry.value), place: entry.offset},
  ])
  return {place: offset, fields: new Map(fields)}
}

function plain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value
  if (tree.kind === 'list') return tree.items.map(plain)
  return Object.fromEntries([...tree.entries].map(([key, {value}]) => [key, plain(value)]))
}

interface Source<Place> {
  readonly file: string
  told(place: Place, message: string): FoundProblem
  placeOf(place: Place): Pick<Problem, 'line' | 'column'>
}

async function collect<Place>(raws: readonly RawEntry<Place>[], source: Source<Place>): Promise<Batch> {
  const problems: FoundProblem[] = []
  const [entries, places, seen] = [[] as BatchEntry[], new Map<BatchEntry, Place>(), new Map<string, Place>()]
  const tell = ({place, message}: EntryProblem<Place>) => problems.push(source.told(place, message))
  for (const raw of raws) {
    const {wish, problems: wrong} = readEntry(raw)
    for (const problem of wrong) tell(problem)
    if (wish === undefined) continue
    const first = seen.get(wish.name)
    if (first !== undefined) {
      tell({place: raw.place, message: `'${wish.name}' is named in line ${source.placeOf(first).line} already`})
      continue
    }
    seen.set(wish.name, raw.place)
    const entry = {wish, place: source.placeOf(raw.place)}
    entries.push(entry)
    places.set(entry, raw.place)
  }
  if (problems.length > 0) throw (await import('@omni-cli/sdk/engine')).problemsError(problems)
  if (entries.length === 0) throw new OmniError('MANIFEST_INVALID', `${source.file} names no model`)
  return {entries, problem: (entry, message) => ({file: source.file, ...entry.place, message})}
}

interface Spot {
  readonly line: number
  readonly column: number
  readonly text: string
}

async function readLineBatch(file: string, signal: AbortSignal | undefined): Promise<Batch> {
  const text = await readText(file, signal)
  const raws = text.split('\n').flatMap((line, index) => lineEntry(line, index + 1))
  return collect(raws, {
    file,
    told: ({line, column, text: sourceLine}, message) => ({file, line, column, message, sourceLine}),
    placeOf: ({line, column}) => ({line, column}),
  })
}

async function readText(file: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    const bytes = await readFile(file, {signal})
    if (bytes.length > MOST_BYTES)
      throw new OmniError('USAGE', `${file} is larger than 4 MiB: that is no list of models`)
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes)
  } catch (error) {
    if (isAbort(error) || error instanceof OmniError) throw error
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new OmniError(isAbsent ? 'NOT_FOUND' : 'IO', `cannot read ${file}: ${messageOf(error)}`, {cause: error})
  }
}

/** `MODEL NAME key=value …` */
function lineEntry(line: string, number: number): RawEntry<Spot>[] {
  const words = [...line.replace(/(^|\s)#.*$/, '').matchAll(/\S+/g)].map(([word]) => word)
  if (words.length === 0) return []
  const spotOf = (word: string): Spot => ({line: number, column: line.indexOf(word) + 1, text: line})
  const fields = new Map<string, Written<Spot>>()
  for (const [index, word] of words.entries()) {
    const split = word.indexOf('=')
    const key = split > 0 ? word.slice(0, split) : (['model', 'name'][index] ?? word)
    fields.set(key, {value: split > 0 ? typedWord(word.slice(split + 1)) : word, place: spotOf(word)})
  }
  return [{place: spotOf(words[0] ?? ''), fields}]
}

function typedWord(text: string): unknown {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  return text === 'true' || text === 'false' ? text === 'true' : text
}
