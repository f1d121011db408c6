import {z} from 'zod'
import type {Webhook} from '../store/webhooks.ts'
import {parseJson} from './body.ts'
import {HttpProblem} from './problem.ts'

const texts = z.array(z.string()).nullish()
const commit = z.object({added: texts, modified: texts, removed: texts})

/** What is read of a push; GitHub, Gitea and Forgejo agree on it. Only the first two fields are needed. */
export const pushPayload = z.object({
  ref: z.string(),
  repository: z.object({full_name: z.string()}),
  after: z.string().nullish(),
  head_commit: z.object({id: z.string()}).nullish(),
  deleted: z.boolean().nullish(),
  forced: z.boolean().nullish(),
  commits: z.array(commit).nullish(),
})

/** Forges leave commits out of longer pushes. */
const MAX_COMMITS = 2_048

export interface Push {
  readonly repo: string
  readonly kind: 'branch' | 'tag'
  /** Branch or tag. */
  readonly name: string
  /** First 8 characters, '' when unknown. */
  readonly commit: string
  /** Files that it changes; undefined when the payload does not tell them all. */
  readonly files: readonly string[] | undefined
}

/** The push in a signed body; a text says why there is nothing to do, as Orca words it. 400 for what is no push. */
export function readPush(body: Buffer): Push | string {
  const payload = pushPayload.safeParse(parseJson(body, 'invalid payload'))
  if (!payload.success) throw new HttpProblem(400, `invalid payload: ${payload.error.issues[0]?.message ?? ''}`)
  const {ref, repository, deleted, after, head_commit} = payload.data
  const match = /^refs\/(heads|tags)\/(.+)$/s.exec(ref)
  const [kind, name] = [match?.[1] === 'tags' ? 'tag' : 'branch', match?.[2]] as const
  if (name === undefined) return 'ignored: not a branch push'
  if (deleted === true || /^0{40,}$/.test(after ?? '')) return `ignored: the ${kind} was deleted`
  const commit = [...(head_commit?.id ?? after ?? '')].slice(0, 8).join('')
  return {repo: repository.full_name, kind, name, commit, files: filesOf(payload.data)}
}

/** A forced push takes commits away, whose files it does not name. */
function filesOf({commits, forced}: z.infer<typeof pushPayload>): readonly string[] | undefined {
  if (commits === null || commits === undefined || forced === true) return undefined
  if (commits.length === 0 || commits.length >= MAX_COMMITS) return undefined
  return commits.flatMap(({added, modified, removed}) => [...(added ?? []), ...(modified ?? []), ...(removed ?? [])])
}

/** Whether the push is for the branch or tag of the webhook. */
export function isFor(push: Push, {repo, branch, tag}: Webhook): boolean {
  const pattern = push.kind === 'tag' ? tag : branch
  return repo === push.repo && pattern !== undefined && pattern !== '' && matchesGlob(pattern, push.name)
}

/** Whether the push changes a file that the webhook watches; one that does not tell its files may do so. */
export const touches = ({files, kind}: Push, {paths}: Webhook): boolean =>
  paths === undefined ||
  kind === 'tag' ||
  files === undefined ||
  files.some((file) => paths.some((pattern) => matchesGlob(pattern, file)))

/** `*` and `?` stay within a folder, `**` goes through; all else is itself. */
export function matchesGlob(pattern: string, text: string): boolean {
  const expression = pattern
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map((piece) => GLOB[piece] ?? piece.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
    .join('')
  return new RegExp(`^${expression}$`, 's').test(text)
}

const GLOB: Readonly<Record<string, string>> = {'**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]'}
