import {createHash} from 'node:crypto'
import {type ModelSpec, OmniError, type ResolvedModel} from '@omni-cli/sdk'

/** What the user wants otherwise than it would be. */
export interface SpecWishes {
  readonly name?: string | undefined
  /** Absent: for all namespaces. */
  readonly namespace?: string | undefined
  readonly displayName?: string | undefined
  readonly vendor?: string | undefined
  readonly path?: string | undefined
  readonly secret?: string | undefined
}

/** Secret that models of a closed repository name, unless told otherwise. */
export const DEFAULT_SECRET = 'hf-token'

/** Where OME's own catalogue keeps models on the nodes. */
const MODELS_FOLDER = '/raid/models'

const API: Readonly<Record<string, string>> = {
  TEXT_TO_TEXT: 'OPENAI_V1_CHAT_COMPLETIONS',
  IMAGE_TEXT_TO_TEXT: 'OPENAI_V1_CHAT_COMPLETIONS',
  EMBEDDING: 'OPENAI_V1_EMBEDDINGS',
  TEXT_TO_IMAGE: 'OPENAI_V1_IMAGES_GENERATIONS',
  IMAGE_TEXT_TO_IMAGE: 'OPENAI_V1_IMAGES_EDITS',
  AUDIO_TO_TEXT: 'OPENAI_V1_AUDIO_TRANSCRIPTIONS',
}

/** The model that is made of what a source has found; its revision is pinned. */
export function specOf(found: ResolvedModel, wishes: SpecWishes = {}): ModelSpec {
  const plain = repositoryName(found.ref)
  const name = wishes.name ?? modelName(plain)
  const vendor = wishes.vendor ?? found.vendor
  const folder = vendor === undefined ? MODELS_FOLDER : `${MODELS_FOLDER}/${folderName(vendor)}`
  const apis = found.capabilities?.flatMap((one) => API[one] ?? [])
  return withoutUndefined({
    name: requireName(name),
    source: found.pinned ?? `${found.ref}@${found.revision}`,
    namespace: wishes.namespace,
    displayName: wishes.displayName ?? [vendor, plain.toLowerCase()].filter((part) => part !== undefined).join('.'),
    vendor,
    version: '1.0.0',
    modelType: found.modelType,
    architecture: found.architecture,
    format: found.format,
    framework: found.framework,
    size: found.size,
    quantization: found.quantization,
    capabilities: found.capabilities,
    apiCapabilities: apis === undefined || apis.length === 0 ? undefined : apis,
    maxTokens: found.maxTokens,
    path: requirePath(wishes.path ?? `${folder}/${name}`),
    secret: wishes.secret ?? (found.access === 'open' || found.access === undefined ? undefined : DEFAULT_SECRET),
  })
}

/** `meta-llama/Llama-3.3-70B-Instruct` → `Llama-3.3-70B-Instruct`. */
const repositoryName = (ref: string): string =>
  (ref.replace(/^[a-z]+:\/\//, '').split('@')[0] ?? '').split('/').at(-1) ?? ''

const MAX_NAME = 63

/** Lower case, with dashes for everything that a name must not have: `Llama-3.3-70B` → `llama-3-3-70b`. */
export function modelName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  if (name.length <= MAX_NAME) return name
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 6)
  return `${name.slice(0, MAX_NAME - 7).replace(/-+$/, '')}-${hash}`
}

/** USAGE for a name that no object of the cluster can have. */
export function requireName(name: string): string {
  if (/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(name)) return name
  throw new OmniError(
    'USAGE',
    `'${name}' cannot be the name of a model: lower-case letters, digits and dashes, 63 at most`,
    {
      hint: `--name ${modelName(name) || 'my-model'}`,
    },
  )
}

/** USAGE for what is no folder of a node. */
export function requirePath(path: string): string {
  if (/^\/[^\u0000-\u001f\u007f]*$/.test(path) && !path.split('/').includes('..')) return path
  throw new OmniError('USAGE', `'${path}' is no folder of a node`, {hint: '--path /raid/models/VENDOR/NAME'})
}

const folderName = (text: string): string => text.replace(/[^\w.-]+/g, '-').replace(/^[.-]+/, '') || 'models'

export const withoutUndefined = <T extends object>(value: T): T =>
  // Only absent keys are taken out.
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T

const COMPARED = [
  ...['source', 'namespace', 'displayName', 'vendor', 'modelType', 'architecture', 'format', 'framework', 'size'],
  ...['quantization', 'capabilities', 'apiCapabilities', 'maxTokens', 'path', 'secret'],
] as const satisfies readonly (keyof ModelSpec)[]

/**
 * Fields of the wanted model that the one there has differently: `size: 7B, wanted 7.62B`. One of a namespace is never one for all
 * of them.
 */
export function differences(wanted: ModelSpec, there: ModelSpec): string[] {
  return COMPARED.filter(
    (key) => (wanted[key] !== undefined || key === 'namespace') && text(wanted[key]) !== text(there[key]),
  ).map((key) => `${key}: ${text(there[key]) || '-'}, wanted ${text(wanted[key]) || '-'}`)
}

function text(value: unknown): string {
  if (Array.isArray(value)) return value.map(text).join(',')
  if (typeof value === 'object' && value !== null && 'name' in value) {
    return `${value.name}${'version' in value && value.version !== undefined ? ` ${value.version}` : ''}`
  }
  return value === undefined ? '' : String(value)
}
