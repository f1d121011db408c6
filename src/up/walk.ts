import type {BigIntStats} from 'node:fs'
import {lstat, readdir, readFile, readlink, realpath} from 'node:fs/promises'
import {dirname, isAbsolute, join, relative} from 'node:path'
import {messageOf, OmniError, throwIfAborted} from '@omni-cli/sdk'
import ignore, {type Ignore} from 'ignore'

/** What stays out of an archive, and why. */
export interface LeftOut {
  /** Relative; a folder ends in `/`. */
  readonly path: string
  readonly why: 'ignored' | 'secret' | 'rebuilt' | 'history'
}

export type WalkEntry =
  | {readonly type: 'directory'; readonly path: string}
  | {readonly type: 'link'; readonly path: string; readonly target: string}
  | {readonly type: 'file'; readonly path: string; readonly stats: BigIntStats}

export interface WalkOptions {
  readonly signal?: AbortSignal | undefined
  /** The build makes installed packages again, so they stay out. */
  readonly rebuilds: boolean
  readonly onLeftOut: (left: LeftOut) => void
}

const HISTORY = ['.git', '.hg', '.svn', '.jj']
const SECRETS = [
  '.env',
  '.env.*',
  '!.env.example',
  '!.env.sample',
  '!.env.template',
  'secrets.json',
  '.netrc',
  '.ssh/',
  '.aws/',
  'id_rsa',
  'id_ecdsa',
  'id_ed25519',
]
/** Made on and for this machine: no use on another, and some hold absolute paths. */
const MACHINE_MADE = ['.venv/', '__pycache__/', '.DS_Store']
const RULE_FILES = ['.gitignore', '.omniignore'] as const

interface Rules {
  /** Folder the rules belong to, relative, '' for the top. */
  readonly base: string
  readonly matcher: Ignore
}

/**
 * Everything under `root` that belongs into a release, in a fixed order. The rules of `.gitignore` and `.omniignore`
 * hold, also nested ones; files that look like secrets stay out unless `.omniignore` lists them with `!`.
 * MANIFEST_INVALID for a link that leaves the folder and for sockets, pipes and devices.
 */
export async function* walk(root: string, options: WalkOptions): AsyncGenerator<WalkEntry> {
  const real = await realpath(root)
  const secret: Rules = {base: '', matcher: ignore().add(SECRETS)}
  const made: Rules = {
    base: '',
    matcher: ignore().add([...MACHINE_MADE, ...(options.rebuilds ? ['node_modules/'] : [])]),
  }
  yield* walkFolder({root: real, path: '', rules: [], builtIn: {secret, made}, options})
}

interface FolderWalk {
  readonly root: string
  readonly path: string
  readonly rules: readonly Rules[]
  readonly builtIn: {readonly secret: Rules; readonly made: Rules}
  readonly options: WalkOptions
}

async function* walkFolder(at: FolderWalk): AsyncGenerator<WalkEntry> {
  throwIfAborted(at.options.signal)
  const names = (await readdir(join(at.root, at.path))).sort(byCodePoint)
  const rules = [...at.rules, ...(await rulesOf(at.root, at.path, names))]
  for (const name of names) {
    const path = at.path === '' ? name : `${at.path}/${name}`
    const stats = await lstat(join(at.root, path), {bigint: true})
    const why = reasonToSkip(path, name, stats.isDirectory(), {...at, rules})
    if (why !== undefined) {
      at.options.onLeftOut({path: stats.isDirectory() ? `${path}/` : path, why})
    } else if (stats.isDirectory()) {
      yield {type: 'directory', path}
      yield* walkFolder({...at, path, rules})
    } else if (stats.isSymbolicLink()) {
      yield {type: 'link', path, target: await safeLink(at.root, path)}
    } else if (stats.isFile()) {
      yield {type: 'file', path, stats}
    } else {
      throw new OmniError('MANIFEST_INVALID', `'${path}' is a socket, pipe or device and cannot be packed`, {
        hint: 'list it in .omniignore',
      })
    }
  }
}

function reasonToSkip(path: string, name: string, isFolder: boolean, at: FolderWalk): LeftOut['why'] | undefined {
  if (HISTORY.includes(name)) return 'history'
  const verdict = judge(at.rules, path, isFolder)
  if (verdict === true) return 'ignored'
  if (verdict === false) return undefined
  if (judge([at.builtIn.secret], path, isFolder) === true) return 'secret'
  return judge([at.builtIn.made], path, isFolder) === true ? 'rebuilt' : undefined
}

/** True: ignored; false: brought back by a `!` rule; undefined: no rule speaks of it. The innermost folder decides. */
function judge(rules: readonly Rules[], path: string, isFolder: boolean): boolean | undefined {
  for (const {base, matcher} of rules.toReversed()) {
    const inside = base === '' ? path : path.slice(base.length + 1)
    const result = matcher.test(isFolder ? `${inside}/` : inside)
    if (result.ignored) return true
    if (result.unignored) return false
  }
  return undefined
}

async function rulesOf(root: string, base: string, names: readonly string[]): Promise<Rules[]> {
  const matcher = ignore()
  const files = RULE_FILES.filter((file) => names.includes(file))
  for (const file of files) {
    const path = join(root, base, file)
    if ((await lstat(path)).isFile()) matcher.add(await readFile(path, 'utf8'))
  }
  return files.length === 0 ? [] : [{base, matcher}]
}

/**
 * Target of a link that stays inside the folder, by its text and by where it really leads. One that goes up in its
 * middle (`a/../b`) means what `a` makes of it, so it is written as what it means.
 */
async function safeLink(root: string, path: string): Promise<string> {
  const target = await readlink(join(root, path))
  const folder = dirname(join(root, path))
  const real = await realpath(join(root, path)).catch(() => undefined)
  const textual = isAbsolute(target) || leaves(relative(root, join(folder, target)))
  const goesUpInside = target
    .replace(/^(\.\.?\/+)*(\.\.$)?/, '')
    .split('/')
    .includes('..')
  if (!textual && (real === undefined ? !goesUpInside : !leaves(relative(root, real)))) {
    return goesUpInside && real !== undefined ? relative(folder, real) : target
  }
  throw new OmniError('MANIFEST_INVALID', `the link '${path}' leads out of the folder, to '${target}'`, {
    hint: 'list it in .omniignore, or replace it by a copy',
  })
}

const leaves = (path: string): boolean => path === '..' || path.startsWith('../') || isAbsolute(path)

const byCodePoint = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Turns a failure to read into one that names the file. */
export function readFailure(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error
  return new OmniError('IO', `cannot read '${path}': ${messageOf(error)}`, {cause: error})
}
