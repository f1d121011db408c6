import {readFile, stat} from 'node:fs/promises'
import {matchesGlob} from 'node:path'
import {type CallOptions, type ModelSource, OmniError, reasonOf} from '@omni-cli/sdk'

/** A model that is to be imported. */
export interface WantedModel {
  readonly ref: string
  /** `models.txt:3`, when it stands in a file. */
  readonly origin?: string | undefined
}

export interface WantedWords {
  readonly model?: string | undefined
  readonly revision?: string | undefined
  readonly file?: string | undefined
  /** Organisation, with a pattern of names. */
  readonly vendor?: string | undefined
  readonly pattern?: string | undefined
}

/** The models that the words mean. USAGE when they name none, or in two ways. */
export async function wantedModels(
  source: ModelSource,
  words: WantedWords,
  options: CallOptions = {},
): Promise<WantedModel[]> {
  const {model, file, pattern, vendor, revision} = words
  const ways = [model, file, pattern].filter((way) => way !== undefined).length
  if (ways !== 1) throw new OmniError('USAGE', 'name a model, or give one of --file and --pattern')
  if (revision !== undefined && model === undefined) throw new OmniError('USAGE', '--revision is for one model')
  if (model !== undefined) return [{ref: withRevision(model, revision)}]
  if (file !== undefined) return readList(file)
  if (vendor === undefined) throw new OmniError('USAGE', '--pattern needs --vendor, whose models it chooses from')
  return matching(source, {vendor, pattern: pattern ?? '*'}, options)
}

function withRevision(model: string, revision: string | undefined): string {
  if (revision === undefined) return model
  if (!model.includes('@')) return `${model}@${revision}`
  throw new OmniError('USAGE', `'${model}' names a revision, and --revision another one`)
}

const MAX_LIST_BYTES = 1024 * 1024

/** A name a line; `#` begins a comment. Each name once. */
async function readList(file: string): Promise<WantedModel[]> {
  const found = await stat(file).catch((error: unknown) => {
    throw new OmniError('IO', `cannot read '${file}': ${reasonOf(error)}`, {cause: error})
  })
  if (!found.isFile() || found.size > MAX_LIST_BYTES) throw new OmniError('IO', `'${file}' is no list of models`)
  const text = await readFile(file, 'utf8')
  const byName = new Map<string, WantedModel>()
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const ref = line.replace(/(^|\s)#.*$/, '').trim()
    if (ref !== '' && !byName.has(ref)) byName.set(ref, {ref, origin: `${file}:${index + 1}`})
  }
  if (byName.size === 0) throw new OmniError('USAGE', `'${file}' names no model`)
  return [...byName.values()]
}

/** Models of one owner at most: a pattern that means more is a mistake. */
const MAX_MATCHES = 500

async function matching(
  source: ModelSource,
  {vendor, pattern}: {readonly vendor: string; readonly pattern: string},
  {signal}: CallOptions,
): Promise<WantedModel[]> {
  if (source.search === undefined) throw new OmniError('UNSUPPORTED', `${source.name} cannot be searched`)
  const found = await source.search(queryOf(pattern), {vendor, limit: MAX_MATCHES + 1, signal})
  if (found.length > MAX_MATCHES) {
    throw new OmniError('USAGE', `'${vendor}' has more than ${MAX_MATCHES} models that '${pattern}' may mean`, {
      hint: 'a pattern with more of the name, or a list of names with --file',
    })
  }
  const refs = found.map(({ref}) => ref).filter((ref) => matchesGlob(ref.split('/').at(-1) ?? '', pattern))
  if (refs.length > 0) return refs.map((ref) => ({ref}))
  throw new OmniError('NOT_FOUND', `'${vendor}' has no model with a name like '${pattern}'`, {
    hint: `omni search hf --vendor ${vendor}`,
  })
}

/** What narrows the search: the longest text between wildcards, or what goes before anything else that has a meaning. */
function queryOf(pattern: string): string {
  if (!/^[\w.*?-]+$/.test(pattern)) return /^[\w.-]*/.exec(pattern)?.[0] ?? ''
  return pattern.split(/[*?]/).reduce((longest, part) => (part.length > longest.length ? part : longest), '')
}
