import {createHash} from 'node:crypto'
import {mkdtemp, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {ensurePrivateDir, OmniError, type ServiceSpec} from '@omni-cli/sdk'
import {checkOut, fetchCommit} from '../../../sources/git.ts'
import {unpack} from '../../process/release/unpack.ts'
import {type BuildPlace, readBuildContext} from './build-context.ts'
import {buildImage} from './build-image.ts'
import {findImage} from './inspect.ts'
import type {ImageWork, MadeImage} from './prepare.ts'

/** Label of an image that we built: the service it was built for. */
export const SERVICE_LABEL = 'omni.build.service'
/** Label of an image that we built: a digest of what it was built from. */
const SOURCE_LABEL = 'omni.build.source'

/** `orca-build-web`. */
export const buildRepository = (service: string): string => `orca-build-${service}`

const buildsFolder = (home: string): string => join(home, 'engine', 'builds')

/** Where the commits of a service's repository are kept. */
export const gitDirOf = (home: string, service: string): string => join(buildsFolder(home), service)

/**
 * The image of a release that is given as a repository or as an archive. What was built of the same sources before is
 * taken as it is, unless the request is forced.
 */
export async function buildRelease(work: ImageWork): Promise<MadeImage> {
  const {request, context} = work
  const folder = buildsFolder(context.home)
  await ensurePrivateDir(folder)
  if (request.spec.build?.repo !== undefined) return buildRepositoryHead(work, folder, request.spec.build.repo)
  const {archive, spec} = request
  if (archive === undefined || spec.artifact === undefined) {
    throw new OmniError('MANIFEST_INVALID', `'${request.service}' has no image and nothing to build one from`)
  }
  const version = spec.artifact.replace('sha256:', '')
  const id = await buildOnce(work, {
    folder,
    version,
    fill: (sources) => unpack(archive, sources, {signal: work.options.signal}),
  })
  return {id}
}

async function buildRepositoryHead(work: ImageWork, folder: string, repo: string): Promise<MadeImage> {
  const {request, options, context, before} = work
  const git = {
    gitDir: gitDirOf(context.home, request.service),
    env: context.env,
    log: context.log,
    signal: options.signal,
    allowsLocal: context.env.OMNI_ALLOW_LOCAL_REPOS === '1',
  }
  // A commit that was fetched for the release before is not asked for again.
  const branch = before?.commit ?? request.spec.build?.branch
  const commit = await fetchCommit({...git, repo, branch, onOutput: options.onOutput})
  const id = await buildOnce(work, {folder, version: commit, fill: (sources) => checkOut(git, commit, sources)})
  return {id, commit}
}

interface Sources {
  /** Where temporary folders are made. */
  readonly folder: string
  /** Commit, or digest of the archive, in hex. */
  readonly version: string
  /** Puts the files into an empty folder. */
  fill(folder: string): Promise<void>
}

async function buildOnce({engine, request, options, context}: ImageWork, sources: Sources): Promise<string> {
  const {service, spec} = request
  const {signal, onOutput} = options
  const tag = `${buildRepository(service)}:${sources.version.slice(0, 12)}`
  const source = sourceDigest(spec, sources.version)
  const found = request.isForced === true ? undefined : await findImage(engine, tag, signal)
  if (found?.labels[SOURCE_LABEL] === source) {
    onOutput?.(`${tag} was built before`)
    return found.id
  }
  const folder = await mkdtemp(join(sources.folder, `.${service}-`))
  try {
    await sources.fill(folder)
    onOutput?.(`building ${tag}`)
    const labels = {[SERVICE_LABEL]: service, [SOURCE_LABEL]: source}
    const buildContext = await readBuildContext(placeOf(folder, spec), signal)
    return await buildImage(engine, buildContext, {tag, labels, env: context.env, signal, onOutput})
  } finally {
    await rm(folder, {recursive: true, force: true, maxRetries: 5})
  }
}

/** The Dockerfile of a repository is relative to its root, as in Orca, also when there is another context. */
const placeOf = (root: string, {build}: ServiceSpec): BuildPlace => ({
  root,
  context: build?.context,
  dockerfile: build?.dockerfile,
})

/** Of everything that decides about what comes out of a build. */
const sourceDigest = ({build}: ServiceSpec, version: string): string =>
  createHash('sha256')
    .update(JSON.stringify([version, build?.repo, build?.dockerfile, build?.context]))
    .digest('hex')
