import {OmniError} from '@omni-cli/sdk'

/** A repository of the hub, and which version of it. */
export interface RepoRef {
  /** `org/name`; `name` for the few that have no owner. */
  readonly repo: string
  /** Branch, tag or commit; absent: `main`. */
  readonly revision?: string | undefined
}

const SEGMENT = /^(?!.*(?:\.\.|--))[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?$/
const REVISION = /^(?!.*\.\.)[A-Za-z0-9_](?:[\w./+-]{0,198}[\w+-])?$/

/** `hf://org/name[@revision]`, `org/name` or the address of its page. USAGE for anything else. */
export function parseRef(text: string): RepoRef {
  const words = wordsOf(text)
  const at = words.indexOf('@')
  const repo = at === -1 ? words : words.slice(0, at)
  const revision = at === -1 ? undefined : words.slice(at + 1)
  if (!isRepo(repo)) {
    throw new OmniError('USAGE', `'${text}' names no repository of the hub`, {
      hint: 'a name such as meta-llama/Llama-3.3-70B-Instruct, or hf://org/name@revision',
    })
  }
  if (revision !== undefined && !REVISION.test(revision)) {
    throw new OmniError('USAGE', `'${revision}' is no revision: a branch, a tag or a commit`)
  }
  return {repo, revision}
}

/** `org/name`, or `name` alone. */
export function isRepo(text: string): boolean {
  const segments = text.split('/')
  return segments.length <= 2 && segments.every((segment) => SEGMENT.test(segment))
}

/** Without the scheme, or without the host of a page; `/tree/REVISION` becomes `@REVISION`. */
function wordsOf(text: string): string {
  const page = /^https?:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\/([^?#]*?)\/?(?:[?#].*)?$/.exec(text)?.[1]
  if (page === undefined) return text.replace(/^hf:\/\//, '')
  return page.replace(/\/(?:tree|blob|resolve)\/(.+)$/, '@$1')
}

/** `org/name`, safe in a path. */
export const repoPath = (repo: string): string => repo.split('/').map(encodeURIComponent).join('/')

/** Path of a file, safe in a path. */
export const filePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/')
