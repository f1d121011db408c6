import {existsSync} from 'node:fs'
import {rm} from 'node:fs/promises'
import {type ErrorCode, ensurePrivateDir, type Logger, OmniError, redact} from '@omni-cli/sdk'
import {checkBranch, checkRepository, withoutCredentials} from './repository.ts'
import {runGroup} from './run-group.ts'

export interface GitPlace {
  /** Folder of the objects, without a work tree; made when it is needed, 0700. */
  readonly gitDir: string
  /** Of the server or the user: ssh agent, credential helpers and configuration of git apply. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Logger
  readonly signal?: AbortSignal | undefined
  /** Absolute paths are repositories, too. Default false. */
  readonly allowsLocal?: boolean | undefined
}

export interface GitSource extends GitPlace {
  readonly repo: string
  /** Branch, tag or full commit; default: what the repository calls its head. */
  readonly branch?: string | undefined
  readonly onOutput?: ((line: string) => void) | undefined
}

const LOOK_MS = 60_000
const FETCH_MS = 15 * 60_000
const COMMIT = /^[0-9a-f]{40}$/

/**
 * Fetches the newest commit of the branch, without its history, and returns it (40 hex digits). Nothing of the
 * repository is run. MANIFEST_INVALID for an address or a branch that is refused, NOT_FOUND, UNAUTHORIZED,
 * UNAVAILABLE, TIMEOUT, ABORTED.
 */
export async function fetchCommit(source: GitSource): Promise<string> {
  const {repo, branch, gitDir, onOutput} = source
  checkRepository(repo, source.allowsLocal === true)
  if (branch !== undefined) checkBranch(branch)
  if (repo.startsWith('http://')) onOutput?.(`warning: ${redact(repo)} is fetched without encryption`)
  const remote = withoutCredentials(repo)
  const run = runner(source, remote.env)
  if (!existsSync(`${gitDir}/HEAD`)) {
    await ensurePrivateDir(gitDir)
    await run(['init', '--quiet', '--bare', '--', gitDir], {timeoutMs: LOOK_MS})
  }
  const head = COMMIT.test(branch ?? '')
    ? {ref: branch ?? '', commit: branch ?? ''}
    : await findHead(run, remote.url, branch)
  if (await hasCommit(source, head.commit)) return head.commit
  onOutput?.(`fetching ${redact(repo)}`)
  const target = `refs/omni/${head.commit.slice(0, 12)}`
  const fetch = [
    'fetch',
    '--quiet',
    '--depth=1',
    '--no-tags',
    '--no-recurse-submodules',
    '--no-write-fetch-head',
    '--force',
  ]
  await run(['--git-dir', gitDir, ...fetch, '--', remote.url, `${head.ref}:${target}`], {timeoutMs: FETCH_MS})
  const commit = (await run(['--git-dir', gitDir, 'rev-parse', '--verify', `${target}^{commit}`])).trim()
  if (!COMMIT.test(commit)) throw new OmniError('UNAVAILABLE', `'${redact(repo)}' gave no commit`)
  return commit
}

/** The commit was fetched before. */
export async function hasCommit(place: GitPlace, commit: string): Promise<boolean> {
  if (!COMMIT.test(commit) || !existsSync(`${place.gitDir}/HEAD`)) return false
  const argv = ['git', '--git-dir', place.gitDir, 'cat-file', '-e', `${commit}^{commit}`] as const
  const options = {env: gitEnv(place, {}), timeoutMs: LOOK_MS, signal: place.signal}
  const {exitCode} = await runGroup(argv, options)
  return exitCode === 0
}

/** Puts the files of a fetched commit into an empty folder; submodules stay empty and hooks are not run. */
export async function checkOut(place: GitPlace, commit: string, folder: string): Promise<void> {
  const run = runner(place, {GIT_INDEX_FILE: `${folder}.index`})
  try {
    const words = [
      '--git-dir',
      place.gitDir,
      '--work-tree',
      folder,
      'checkout',
      '--force',
      '--quiet',
      commit,
      '--',
      '.',
    ]
    await run(words, {cwd: folder, timeoutMs: FETCH_MS})
  } finally {
    await rm(`${folder}.index`, {force: true})
  }
}

/** Forgets all commits but these, and everything that only the others needed. */
export async function forgetCommits(place: GitPlace, keep: ReadonlySet<string>): Promise<void> {
  if (!existsSync(`${place.gitDir}/HEAD`)) return
  if (keep.size === 0) return rm(place.gitDir, {recursive: true, force: true, maxRetries: 5})
  const run = runner(place, {})
  const git = ['--git-dir', place.gitDir]
  const refs = await run([...git, 'for-each-ref', '--format=%(objectname) %(refname)', 'refs/omni/'])
  for (const line of refs.split('\n')) {
    const [id = '', ref] = line.split(' ')
    if (ref !== undefined && !keep.has(id)) await run([...git, 'update-ref', '-d', ref])
  }
  await run([...git, 'gc', '--quiet', '--prune=now'], {timeoutMs: FETCH_MS})
}

interface RunOptions {
  readonly cwd?: string | undefined
  readonly timeoutMs?: number | undefined
}

type Run = (words: readonly string[], options?: RunOptions) => Promise<string>

/** What a repository, or the configuration of somebody else, must not make git do. */
const SAFE = ['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'submodule.recurse=false', 'gc.autoDetach=false']

function runner(place: GitPlace, extra: Readonly<Record<string, string>>): Run {
  return async (words, {cwd, timeoutMs = LOOK_MS} = {}) => {
    const argv = ['git', ...SAFE.flatMap((setting) => ['-c', setting]), ...words] as const
    const startedAt = performance.now()
    const result = await runGroup(argv, {cwd, timeoutMs, env: gitEnv(place, extra), signal: place.signal})
    const tookMs = Math.round(performance.now() - startedAt)
    place.log.debug('ran git', redact({words, exitCode: result.exitCode, tookMs}))
    if (result.exitCode === 0) return result.stdout
    throw gitError(result.stderr)
  }
}

/** Nothing is asked, and no variable leads git to another repository or another program. */
function gitEnv(
  {env, allowsLocal}: GitPlace,
  extra: Readonly<Record<string, string>>,
): Record<string, string | undefined> {
  const foreign = Object.keys({...process.env, ...env}).filter((key) => /^GIT_(?!SSH|SSL|TRACE|PROXY)/.test(key))
  return {
    ...process.env,
    ...env,
    ...Object.fromEntries(foreign.map((key) => [key, undefined])),
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'true',
    GIT_ALLOW_PROTOCOL: allowsLocal === true ? 'https:http:ssh:file' : 'https:http:ssh',
    ...(env.GIT_SSH_COMMAND === undefined && env.GIT_SSH === undefined
      ? {GIT_SSH_COMMAND: 'ssh -o BatchMode=yes'}
      : {}),
    LC_ALL: 'C',
    ...extra,
  }
}

async function findHead(run: Run, url: string, branch: string | undefined): Promise<{ref: string; commit: string}> {
  const wanted = branch === undefined ? ['HEAD'] : [`refs/heads/${branch}`, `refs/tags/${branch}`]
  const lines = await run(['ls-remote', '--', url, ...wanted], {timeoutMs: LOOK_MS})
  const refs = new Map(lines.split('\n').flatMap((line) => [line.split('\t').reverse() as [string, string]]))
  for (const ref of wanted) {
    const commit = refs.get(`${ref}^{}`) ?? refs.get(ref)
    if (commit !== undefined && COMMIT.test(commit)) return {ref, commit}
  }
  const what = branch === undefined ? 'is empty' : `has no branch or tag '${branch}'`
  throw new OmniError('NOT_FOUND', `the repository '${redact(url)}' ${what}`, {hint: `git ls-remote ${redact(url)}`})
}

const FAILURES: readonly (readonly [pattern: RegExp, code: ErrorCode, hint: string | undefined])[] = [
  [
    /authentication failed|could not read (username|password)|permission denied|access denied|error: 40[13]/i,
    'UNAUTHORIZED',
    'give the server a key (ssh-add) or a credential helper of git',
  ],
  [/not found|does not exist|does not appear to be a git repository|error: 404/i, 'NOT_FOUND', undefined],
  [/host key verification failed/i, 'UNAUTHORIZED', 'ssh-keyscan HOST >> ~/.ssh/known_hosts, after checking the key'],
  [/transport '.*' not allowed/i, 'MANIFEST_INVALID', undefined],
]

function gitError(stderr: string): OmniError {
  const lines = redact(stderr)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const told = lines.filter((line) => /^(fatal|error|remote):/.test(line)).slice(-3)
  const message = (told.length === 0 ? lines.slice(-2) : told).join('; ')
  const [, code, hint] = FAILURES.find(([pattern]) => pattern.test(stderr)) ?? [
    undefined,
    'UNAVAILABLE' as const,
    undefined,
  ]
  return new OmniError(code, `git: ${message === '' ? 'failed without a word' : message}`, {
    hint,
    retryable: code === 'UNAVAILABLE',
  })
}
