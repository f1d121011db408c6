import {mkdtemp, rm, stat} from 'node:fs/promises'
import {basename, join, resolve} from 'node:path'
import {ensurePrivateDir, type Logger, OmniError} from '@omni-cli/sdk'
import {checkOut, fetchCommit} from '../../../sources/git.ts'
import type {Engine} from '../engine/engine.ts'
import {readBuildContext} from './build-context.ts'
import {buildImage} from './build-image.ts'
import {engineName, parseReference} from './reference.ts'

export interface BuildRequest {
  /** `OMNI_HOME`; a repository is fetched below it, and removed again. */
  readonly home: string
  /** Folder of the sources, unless there is a repository. */
  readonly folder: string
  readonly repo?: string | undefined
  readonly branch?: string | undefined
  /** Relative to the sources. */
  readonly dockerfile?: string | undefined
  /** Default: the name of the folder or the repository, `latest`. */
  readonly tag?: string | undefined
  readonly isClean?: boolean | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Logger
  readonly signal?: AbortSignal | undefined
  readonly onOutput?: ((line: string) => void) | undefined
}

export interface BuiltImage {
  /** `name:tag`. */
  readonly image: string
  readonly id: string
  /** Of a repository. */
  readonly commit?: string | undefined
}

/** Builds a folder, or the head of a repository, with its Dockerfile. */
export async function buildSources(engine: Engine, request: BuildRequest): Promise<BuiltImage> {
  const image = engineName(parseReference(request.tag ?? nameOf(request.repo ?? resolve(request.folder))))
  if (request.repo === undefined) {
    const folder = resolve(request.folder)
    const found = await stat(folder).catch(() => undefined)
    if (found?.isDirectory() !== true) throw new OmniError('NOT_FOUND', `there is no folder '${request.folder}'`)
    return {image, id: await build(engine, request, {root: folder, image})}
  }
  const builds = join(request.home, 'engine', 'builds')
  await ensurePrivateDir(builds)
  const work = await mkdtemp(join(builds, '.cli-'))
  try {
    const {repo, branch, env, log, signal, onOutput} = request
    // Whoever types the path of a repository may read it anyway.
    const git = {gitDir: join(work, 'git'), env, log, signal, allowsLocal: true}
    const commit = await fetchCommit({...git, repo, branch, onOutput})
    const root = await mkdtemp(join(work, 'sources-'))
    await checkOut(git, commit, root)
    return {image, id: await build(engine, request, {root, image}), commit}
  } finally {
    await rm(work, {recursive: true, force: true, maxRetries: 5})
  }
}

async function build(
  engine: Engine,
  {dockerfile, env, isClean, signal, onOutput}: BuildRequest,
  {root, image}: {readonly root: string; readonly image: string},
): Promise<string> {
  const context = await readBuildContext({root, dockerfile}, signal)
  return buildImage(engine, context, {tag: image, labels: {}, env, isClean, signal, onOutput})
}

/** The last part of a path or an address, as far as it can be the name of an image. */
function nameOf(path: string): string {
  const name = basename(path.replace(/[/:]+$/, '').replaceAll(':', '/'))
    .replace(/\.git$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  if (name !== '') return name
  throw new OmniError('USAGE', `'${path}' gives no name for the image`, {hint: 'omni build --tag NAME:TAG'})
}
