import {formatBytes, isAbort, messageOf, OmniError, type ServiceSpec} from '@omni-cli/sdk'
import {z} from 'zod'
import type {Engine} from '../engine/engine.ts'
import {registryAuth} from './credentials.ts'
import {imageError, throwAbort} from './failure.ts'
import {findImage, type LocalImage} from './inspect.ts'
import {type EngineMessage, readMessages} from './messages.ts'
import {engineName, type ImageReference, parseReference} from './reference.ts'

export interface PullOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal | undefined
  readonly onOutput?: ((line: string) => void) | undefined
}

export interface ImageWish extends PullOptions {
  readonly image: string
  readonly policy: ServiceSpec['pull_policy']
  /** The tag may have moved: ask the registry again, unless the policy is `never`. */
  readonly isForced: boolean
}

/**
 * The image that the name means now. It is pulled when it is missing, always with `always`, and with `isForced`, unless
 * the policy is `never` or the name has a digest, which cannot move. Only `auto` and `if-not-present` go on with the image
 * that is there when a forced pull fails: it may never have been in a registry.
 * NOT_FOUND, UNAUTHORIZED or UNAVAILABLE, with what the registry said.
 */
export async function resolveImage(engine: Engine, wish: ImageWish): Promise<LocalImage> {
  const {image, policy = 'auto', signal, onOutput} = wish
  // An image may also be named by its id, which no registry knows.
  const isId = /^sha256:[0-9a-f]{64}$/.test(image)
  const reference = isId ? undefined : parseReference(image)
  const name = reference === undefined ? image : engineName(reference)
  const found = await findImage(engine, name, signal)
  if (found !== undefined && (reference === undefined || !mustPull(reference, wish))) return found
  if (reference === undefined || policy === 'never') {
    throw new OmniError('NOT_FOUND', `the Docker Engine has no image '${image}', and it is not to be pulled`, {
      hint: isId ? 'docker images --no-trunc' : `docker pull ${name}`,
    })
  }
  try {
    await pullImage(engine, reference, wish)
  } catch (error) {
    if (found === undefined || policy === 'always' || isAbort(error)) throw error
    onOutput?.(`warning: ${messageOf(error)}; the image that is here is taken`)
    return found
  }
  const pulled = await findImage(engine, name, signal)
  if (pulled !== undefined) {
    await warnOfOther(engine, pulled, wish)
    return pulled
  }
  throw new OmniError('NOT_FOUND', `'${image}' was pulled, but the Docker Engine does not have it`)
}

/** The Engine takes an image for another processor without a word when the registry has no other; it may be emulated. */
async function warnOfOther(engine: Engine, {architecture}: LocalImage, wish: ImageWish): Promise<void> {
  const answer = z.object({Arch: z.string()}).safeParse(await engine.call('GET', '/version', {signal: wish.signal}))
  const own = answer.data?.Arch
  if (own === undefined || architecture === '' || own === architecture) return
  wish.onOutput?.(`warning: '${wish.image}' is for ${architecture}, and this machine is ${own}`)
}

const mustPull = ({digest}: ImageReference, {policy, isForced}: ImageWish): boolean =>
  digest === undefined && policy !== 'never' && (policy === 'always' || isForced)

/** Pulls it now. The Engine compares every layer, and a digest in the name, with what comes. */
export async function pullImage(engine: Engine, reference: ImageReference, options: PullOptions): Promise<void> {
  const {env, signal, onOutput} = options
  const name = engineName(reference)
  try {
    const auth = await registryAuth(reference.registry, {env, signal})
    onOutput?.(`pulling ${name}`)
    const answer = await engine.stream('POST', '/images/create', {
      query: {fromImage: reference.name, tag: reference.digest ?? reference.tag ?? 'latest'},
      headers: {'x-registry-auth': auth},
      signal,
      timeoutMs: 120_000,
    })
    const layers = createLayers()
    const tell = throttled((text) => onOutput?.(`pulling ${name}: ${text}`))
    for await (const message of readMessages(answer)) {
      layers.add(message)
      tell(layers.text)
    }
    onOutput?.(`pulled ${name}`)
  } catch (error) {
    throwAbort(error, signal)
    throw imageError('pull', name, reference, error)
  }
}

/** Sums of the layers of one transfer. */
export interface Layers {
  add(message: EngineMessage): void
  /** `12Mi of 30Mi, 3 of 7 layers`; counts only what the Engine has told. */
  text(): string
  readonly counts: {readonly layers: number; readonly done: number; readonly present: number; readonly bytes: number}
}

interface Layer {
  current: number
  total: number
  state: 'moving' | 'done' | 'present'
}

export function createLayers(): Layers {
  const layers = new Map<string, Layer>()
  const sum = (key: 'current' | 'total') => [...layers.values()].reduce((total, layer) => total + layer[key], 0)
  const count = (...states: Layer['state'][]) => [...layers.values()].filter(({state}) => states.includes(state)).length
  return {
    add({id, status = '', progressDetail}) {
      // Other messages carry the tag as their id.
      if (id === undefined || !/^[0-9a-f]{12}$/.test(id)) return
      const layer = layers.get(id) ?? {current: 0, total: 0, state: 'moving'}
      layers.set(id, layer)
      if (/^(Downloading|Pushing)/.test(status)) {
        layer.current = progressDetail?.current ?? layer.current
        layer.total = Math.max(progressDetail?.total ?? layer.total, layer.current)
      } else if (/^(Already exists|Layer already exists|Mounted from)/.test(status)) layer.state = 'present'
      else if (/^(Pull complete|Download complete|Pushed)/.test(status)) {
        layer.state = 'done'
        layer.current = layer.total
      }
    },
    text() {
      const bytes = sum('total') === 0 ? '' : `${formatBytes(sum('current'))} of ${formatBytes(sum('total'))}, `
      return `${bytes}${count('done', 'present')} of ${layers.size} layers`
    },
    get counts() {
      return {layers: layers.size, done: count('done'), present: count('present'), bytes: sum('current')}
    },
  }
}

const EVERY_MS = 500

/** Calls at most twice a second, and never with the same text again. */
export function throttled(write: (text: string) => void): (text: () => string) => void {
  let last = performance.now()
  let written = ''
  return (text) => {
    if (performance.now() - last < EVERY_MS) return
    last = performance.now()
    const next = text()
    if (next !== written) write(next)
    written = next
  }
}
