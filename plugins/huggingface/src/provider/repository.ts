import {isOmniError, OmniError} from '@omni-cli/sdk'
import type {Hub, HubFile} from '../client/hub.ts'
import {isObject, type JsonObject, parseLenient} from '../reading/json.ts'
import type {ReadRange} from '../reading/shards.ts'

/** The files of one commit, and what was found odd about them. */
export interface Repository {
  readonly files: readonly HubFile[]
  readonly byPath: ReadonlyMap<string, HubFile>
  readonly warnings: string[]
  /** True once the hub has refused to hand out a file. */
  readonly isClosed: () => boolean
  /** A JSON object; undefined when it is not there, too long, none, or closed to us. */
  json(path: string, maxBytes: number): Promise<JsonObject | undefined>
  reader(path: string): ReadRange
}

export interface OpenRepository {
  readonly hub: Hub
  readonly repo: string
  readonly commit: string
  readonly signal?: AbortSignal | undefined
}

export async function openRepository({hub, repo, commit, signal}: OpenRepository): Promise<Repository> {
  const files = await hub.files(repo, commit, signal)
  const warnings: string[] = []
  const byPath = new Map(files.map((file) => [file.path, file]))
  let closed = false
  const question = (path: string) => ({repo, commit, path, signal})
  const read = async (path: string, maxBytes: number): Promise<string | undefined> => {
    try {
      return (await hub.read({...question(path), maxBytes})).toString('utf8')
    } catch (error) {
      if (!isRefusal(error)) throw error
      closed = true
      return undefined
    }
  }
  return {
    files,
    byPath,
    warnings,
    isClosed: () => closed,
    async json(path, maxBytes) {
      const file = byPath.get(path)
      if (file === undefined) return undefined
      if (file.size > maxBytes) {
        warnings.push(`${path} has ${file.size} bytes, which no such file needs: it is not read`)
        return undefined
      }
      const text = await read(path, maxBytes)
      if (text === undefined) return undefined
      const value = parseLenient(text)
      if (value === undefined) warnings.push(`${path} ${isPointer(text) ? IS_POINTER : 'holds no JSON object'}`)
      return isObject(value) ? value : undefined
    },
    reader: (path) => (first, last) => hub.range(question(path), first, last),
  }
}

const IS_POINTER = 'is only a pointer of Git LFS: the file itself was never uploaded'

export const isPointer = (text: string): boolean => text.startsWith('version https://git-lfs.github.com/spec/')

/** A file that the hub keeps from us; what is absent or broken is something else. */
export const isRefusal = (error: unknown): boolean =>
  isOmniError(error) && ['FORBIDDEN', 'UNAUTHORIZED', 'NOT_FOUND'].includes(error.code)

/** Refuses a repository that has nothing in it. */
export function refuseEmpty(repo: string, files: readonly HubFile[]): void {
  const isEmpty = files.every(({path}) => path === '.gitattributes' || path === 'README.md')
  if (isEmpty) throw new OmniError('NOT_FOUND', `'${repo}' is there and holds no files of a model`)
}
