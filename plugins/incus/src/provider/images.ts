import {type CallOptions, type ImageFacet, type ImageInfo, OmniError} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient, IncusRequest} from '../client/client.ts'
import {imageWire, type WireImage} from '../client/wire.ts'
import {IMAGES_REMOTE, type ImageSource, imageSource} from './images-names.ts'
import {knownRemote, type Remotes} from './images-remotes.ts'
import {getAlias, getImage, listImages} from './requests.ts'

export interface ImageSettings {
  /** Names in plans → images of Incus. */
  readonly images?: Readonly<Record<string, string>> | undefined
}

export interface Images {
  /** What Incus is told to make a machine of. NOT_FOUND for a name that means nothing here. */
  source(image: string, options?: CallOptions): Promise<Readonly<Record<string, unknown>>>
  /** The server to take it from, and its name there. */
  readonly remotes: Remotes
}

/** Finds images by the names of plans; each name is looked up once. */
export function createImages(client: IncusClient, settings: ImageSettings, remotes: Remotes): Images {
  const found = new Map<string, Promise<ImageSource>>()
  const isThere = async (request: IncusRequest, options?: CallOptions) =>
    (await client.find(z.unknown(), request, options)) !== undefined
  const find = async (image: string, options?: CallOptions): Promise<ImageSource> => {
    const text = settings.images?.[image] ?? image
    // A local image of this very name comes first.
    const isSaid = text.startsWith('local:') || text.startsWith(`${IMAGES_REMOTE}:`)
    if (!isSaid && (await isThere(getAlias(text), options))) return {from: 'local', alias: text}
    const source = imageSource(text)
    const isMissing = source?.from === 'local' && !(await isThere(localRequest(source), options))
    if (source === undefined || isMissing) throw unknownImage(image)
    return source
  }
  const findOnce = (image: string, options?: CallOptions) => {
    const promise = found.get(image) ?? find(image, options)
    found.set(image, promise)
    promise.catch(() => found.delete(image))
    return promise
  }
  return {
    remotes,
    source: async (image, options) => bodyOf(await findOnce(image, options), remotes),
  }
}

const localRequest = (source: Extract<ImageSource, {from: 'local'}>): IncusRequest =>
  'alias' in source ? getAlias(source.alias) : getImage(source.fingerprint)

async function bodyOf(source: ImageSource, remotes: Remotes): Promise<Readonly<Record<string, unknown>>> {
  if (source.from === 'local') {
    return 'alias' in source ? {type: 'image', alias: source.alias} : {type: 'image', fingerprint: source.fingerprint}
  }
  const {server, protocol, certificate} = await knownRemote(source.remote, remotes)
  return {
    type: 'image',
    mode: 'pull',
    protocol,
    server,
    alias: source.alias,
    ...(certificate === undefined ? {} : {certificate}),
  }
}

const unknownImage = (image: string): OmniError =>
  new OmniError('NOT_FOUND', `there is no image '${image}'`, {
    hint: 'write ubuntu:22.04, images:alpine/3.20/cloud or one of: omni get images',
  })

/** Images that Incus has itself. */
export function createImageFacet(client: IncusClient): ImageFacet {
  return {
    async list(options) {
      const {value} = await client.fetch(z.array(imageWire), listImages(), options)
      return value.flatMap(imageInfos).sort((a, b) => a.name.localeCompare(b.name))
    },
  }
}

/** One for each alias; without any it is known by its fingerprint. */
function imageInfos(image: WireImage): ImageInfo[] {
  const {aliases, fingerprint, properties, architecture, size, type, cached} = image
  const names = aliases.length === 0 ? [fingerprint.slice(0, 12)] : aliases.map(({name}) => name)
  return names.map((name) => ({
    name,
    description: properties.description,
    type: type === 'container' ? 'container' : 'vm',
    architecture,
    sizeBytes: size,
    source: cached ? 'cache' : 'local',
    fingerprint,
  }))
}
