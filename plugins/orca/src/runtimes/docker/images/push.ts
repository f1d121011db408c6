import {guess, OmniError} from '@omni-cli/sdk'
import {z} from 'zod'
import type {Engine} from '../engine/engine.ts'
import {registryAuth} from './credentials.ts'
import {imageError, throwAbort} from './failure.ts'
import {findImage, type LocalImage} from './inspect.ts'
import {readMessages} from './messages.ts'
import {createLayers, throttled} from './pull.ts'
import {engineName, type ImageReference, parseReference} from './reference.ts'

export interface PushRequest {
  readonly image: string
  /** `HOST[/PATH]` it goes to, under its last name; default: what its name says. */
  readonly registry?: string | undefined
  /** Default: the one of the image. */
  readonly tag?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal | undefined
  /** How far it is, at most twice a second. */
  readonly onProgress?: ((text: string) => void) | undefined
}

export interface PushedImage {
  /** `registry/path:tag`. */
  readonly reference: string
  /** `sha256:…` of the manifest, as the registry itself gives it. */
  readonly digest: string
  readonly id: string
  readonly architecture: string
  readonly layers: number
  /** Layers that the registry had before. */
  readonly layersPresent: number
  /** Of the layers that were sent, unpacked. */
  readonly sentBytes: number
}

/**
 * Pushes an image of the Engine, and asks the registry afterwards what it has under that name. NOT_FOUND with the
 * nearest name, UNAUTHORIZED, UNAVAILABLE with what the registry said, CONFLICT when it has another digest than was sent.
 */
export async function pushImage(engine: Engine, request: PushRequest): Promise<PushedImage> {
  const {env, signal} = request
  const source = parseReference(request.image)
  const target = targetOf(source, request)
  const reference = engineName(target)
  const local = await requireImage(engine, request.image, signal)
  const auth = await registryAuth(target.registry, {env, signal})
  const isNew = (await findImage(engine, reference, signal))?.id !== local.id
  if (isNew) {
    const query = {repo: target.name, tag: target.tag ?? 'latest'}
    await engine.call('POST', `/images/${local.id}/tag`, {query, signal})
  }
  const {digest, counts} = await send(engine, target, {auth, request})
  const confirmed = await digestInRegistry(engine, target, {auth, signal})
  if (confirmed !== digest) {
    throw new OmniError('CONFLICT', `'${reference}' is ${confirmed} in the registry, but ${digest} was pushed`, {
      hint: 'somebody else pushed the same tag; push again, or use another tag',
      retryable: true,
    })
  }
  const {id, architecture} = local
  const sent = {layers: counts.layers, layersPresent: counts.present, sentBytes: counts.bytes}
  return {reference, digest, id, architecture, ...sent}
}

function targetOf(source: ImageReference, {registry, tag}: PushRequest): ImageReference {
  const wantedTag = tag ?? source.tag ?? 'latest'
  const name = registry === undefined ? source.name : `${registry.replace(/\/+$/, '')}/${lastName(source)}`
  return parseReference(`${name}:${wantedTag}`)
}

const lastName = ({path}: ImageReference): string => path.slice(path.lastIndexOf('/') + 1)

async function requireImage(engine: Engine, image: string, signal: AbortSignal | undefined): Promise<LocalImage> {
  const found = await findImage(engine, engineName(parseReference(image)), signal)
  if (found !== undefined) return found
  const names = await imageNames(engine, signal)
  // `web` for `web:1.2` is as likely as a mistyped letter.
  const same = names.filter((name) => name.slice(0, name.lastIndexOf(':')) === image)
  const near =
    same.length > 0 ? `; there is ${same.slice(0, 3).join(', ')}` : guess(engineName(parseReference(image)), names)
  throw new OmniError('NOT_FOUND', `the Docker Engine has no image '${image}'${near}`, {hint: 'docker images'})
}

const listed = z.array(z.object({RepoTags: z.array(z.string()).nullish()}))

async function imageNames(engine: Engine, signal: AbortSignal | undefined): Promise<string[]> {
  const answer = listed.safeParse(await engine.call('GET', '/images/json', {signal}))
  return (answer.data ?? []).flatMap(({RepoTags}) => RepoTags ?? []).filter((name) => name !== '<none>:<none>')
}

interface Sending {
  readonly auth: string
  readonly request: PushRequest
}

async function send(engine: Engine, target: ImageReference, {auth, request}: Sending) {
  const {signal, onProgress} = request
  const layers = createLayers()
  const tell = throttled((text) => onProgress?.(text))
  let digest: string | undefined
  try {
    const answer = await engine.stream('POST', `/images/${target.name}/push`, {
      query: {tag: target.tag},
      headers: {'x-registry-auth': auth},
      signal,
      timeoutMs: 120_000,
    })
    for await (const message of readMessages(answer)) {
      layers.add(message)
      if (typeof message.aux?.Digest === 'string') digest = message.aux.Digest
      tell(layers.text)
    }
  } catch (error) {
    throwAbort(error, signal)
    throw imageError('push', engineName(target), target, error)
  }
  onProgress?.(layers.text())
  if (digest === undefined) throw new OmniError('UNAVAILABLE', 'the Docker Engine did not tell the digest it pushed')
  return {digest, counts: layers.counts}
}

const distribution = z.object({Descriptor: z.object({digest: z.string()})})

async function digestInRegistry(
  engine: Engine,
  target: ImageReference,
  {auth, signal}: {readonly auth: string; readonly signal: AbortSignal | undefined},
): Promise<string> {
  try {
    const headers = {'x-registry-auth': auth}
    const answer = await engine.call('GET', `/distribution/${engineName(target)}/json`, {headers, signal})
    return distribution.parse(answer).Descriptor.digest
  } catch (error) {
    throwAbort(error, signal)
    throw imageError('push', engineName(target), target, error)
  }
}
