import {OmniError} from '@omni-cli/sdk'

/** Where an image is, taken apart. */
export interface ImageReference {
  /** `docker.io`, `ghcr.io`, `127.0.0.1:5000`. */
  readonly registry: string
  /** Path in the registry: `library/nginx`. */
  readonly path: string
  /** As it is written, without tag and digest; what the Engine takes. */
  readonly name: string
  readonly tag?: string | undefined
  /** `sha256:<64 hex>`. */
  readonly digest?: string | undefined
}

const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const PATH = new RegExp(`^${PART}(?:/${PART})*$`)
const REGISTRY = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/
const TAG = /^[\w][\w.-]{0,127}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
export const DOCKER_HUB = 'docker.io'

/** `ghcr.io/acme/web:1.2@sha256:…` → its parts. USAGE when it is no name of an image. */
export function parseReference(text: string): ImageReference {
  const [named = '', digest, ...more] = text.split('@')
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1)
  const name = colon === -1 ? named : named.slice(0, colon)
  const tag = colon === -1 ? undefined : named.slice(colon + 1)
  const {registry, path} = place(name)
  const isGood =
    more.length === 0 &&
    name.length <= 255 &&
    REGISTRY.test(registry) &&
    PATH.test(path) &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest))
  if (isGood) return {registry, path, name, tag, digest}
  throw new OmniError('USAGE', `'${text}' is no name of an image`, {
    hint: 'write NAME[:TAG][@sha256:DIGEST] in lower case, with a registry in front if it is not Docker Hub',
  })
}

/** As Docker reads it: the first part is a registry when it looks like a host. */
function place(name: string): {readonly registry: string; readonly path: string} {
  const slash = name.indexOf('/')
  const first = slash === -1 ? '' : name.slice(0, slash)
  const isHost = first === 'localhost' || /[.:[]/.test(first)
  if (isHost && first !== 'index.docker.io' && first !== DOCKER_HUB) {
    return {registry: first, path: name.slice(slash + 1)}
  }
  const path = isHost ? name.slice(slash + 1) : name
  return {registry: DOCKER_HUB, path: path.includes('/') ? path : `library/${path}`}
}

/** `name:tag`, or `name@digest` when that is given; the tag is `latest` when there is none. */
export const engineName = ({name, tag, digest}: ImageReference): string =>
  digest === undefined ? `${name}:${tag ?? 'latest'}` : `${name}@${digest}`
