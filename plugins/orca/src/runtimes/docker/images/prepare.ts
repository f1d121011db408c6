import {createHash} from 'node:crypto'
import {isAbort, isOmniError, type Logger, messageOf, OmniError, type ServiceSpec, throwIfAborted} from '@omni-cli/sdk'
import {type FailureReason, failureOf} from '../../../server/failure.ts'
import type {PreparedRelease, PrepareOptions, PrepareRequest} from '../../runtime.ts'
import type {Engine} from '../engine/engine.ts'
import {buildRelease} from './build-release.ts'
import {findImage} from './inspect.ts'
import {pullImage, resolveImage} from './pull.ts'
import {type ImageRecord, readRecord, writeRecord} from './records.ts'
import {parseReference} from './reference.ts'

export interface ImagesContext {
  /** `OMNI_HOME`. */
  readonly home: string
  /** Of the server: Docker's configuration, ssh agent. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Logger
}

/**
 * The image of a release, pulled or built; its location is the id, so that every replica of the release runs the same
 * bits although a tag or a branch moves. A release that has its image keeps it, also when it must be fetched again.
 * DEPLOY_FAILED with a ServiceFailure (ImagePullError, BuildFailed) as details; ABORTED.
 */
export async function prepareImage(
  engine: Engine,
  request: PrepareRequest,
  options: PrepareOptions,
  context: ImagesContext,
): Promise<PreparedRelease> {
  throwIfAborted(options.signal)
  const {service, release, spec} = request
  const isPulled = spec.image !== undefined
  try {
    const wanted = wantedText(spec)
    const before = await readRecord(context.home, service, release)
    const isSame = before !== undefined && before.wanted === wanted && request.isForced !== true
    if (isSame && (await findImage(engine, before.id, options.signal)) !== undefined) return {location: before.id}
    const work: ImageWork = {engine, request, options, context, before: isSame ? before : undefined}
    const made = isPulled ? await pullRelease(work, spec.image ?? '') : await buildRelease(work)
    await writeRecord(context.home, {service, release, record: {...made, wanted}})
    return {location: made.id}
  } catch (error) {
    throwIfAborted(options.signal)
    if (isAbort(error)) throw error
    throw prepareFailed(service, isPulled ? 'ImagePullError' : 'BuildFailed', error)
  }
}

export interface ImageWork {
  readonly engine: Engine
  readonly request: PrepareRequest
  readonly options: PrepareOptions
  readonly context: ImagesContext
  /** What the release had, when that image is gone from the Engine. */
  readonly before: ImageRecord | undefined
}

export type MadeImage = Omit<ImageRecord, 'wanted'>

async function pullRelease(work: ImageWork, image: string): Promise<MadeImage> {
  const {engine, request, options, context, before} = work
  const {signal, onOutput} = options
  const {env} = context
  if (before?.digest !== undefined) {
    await pullImage(engine, parseReference(before.digest), {env, signal, onOutput})
    const again = await findImage(engine, before.digest, signal)
    if (again !== undefined) return {id: again.id, digest: before.digest}
  }
  if (before !== undefined) {
    throw new OmniError('NOT_FOUND', `the image of ${request.release} was removed, and no registry has it`, {
      hint: `omni deploy ${request.service}`,
    })
  }
  const policy = request.spec.pull_policy
  const found = await resolveImage(engine, {image, policy, isForced: request.isForced === true, env, signal, onOutput})
  const digest = image.startsWith('sha256:') ? undefined : digestOf(image, found.digests)
  return {id: found.id, ...(digest === undefined ? {} : {digest})}
}

/** The digest that belongs to the repository of the name; the image may also be known from others. */
function digestOf(image: string, digests: readonly string[]): string | undefined {
  const {registry, path} = parseReference(image)
  return digests.find((digest) => {
    const other = parseReference(digest)
    return other.registry === registry && other.path === path
  })
}

/** Everything of the spec that decides about the image. */
function wantedText({image, artifact, build}: ServiceSpec): string {
  if (image !== undefined) return image
  const {repo, branch, dockerfile, context} = build ?? {}
  return createHash('sha256')
    .update(JSON.stringify([artifact, repo, branch, dockerfile, context]))
    .digest('hex')
}

function prepareFailed(service: string, reason: FailureReason, error: unknown): OmniError {
  const details = isOmniError(error) ? error.details : undefined
  const lastLines =
    typeof details === 'object' && details !== null && 'lastLines' in details && Array.isArray(details.lastLines)
      ? details.lastLines.map(String)
      : []
  return new OmniError('DEPLOY_FAILED', messageOf(error), {
    hint: (isOmniError(error) ? error.hint : undefined) ?? `omni logs ${service}`,
    details: failureOf(reason, {message: messageOf(error), lastLines}),
    cause: error,
  })
}
