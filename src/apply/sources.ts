import {createReadStream} from 'node:fs'
import {stat} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {type CallOptions, mapLimit, OmniError, requireFacet, type ServiceEngine} from '@omni-cli/sdk'
import type {Manifest, Resource, Wanted} from '@omni-cli/sdk/engine'
import {type PackedSource, packSource} from '../up/pack.ts'

/** A manifest whose sources are packed: specs name an artifact in place of a folder. */
export interface PackedManifest extends AsyncDisposable {
  readonly manifest: Manifest
  /** Makes the engine have the sources of a spec; what it has already is not sent again. */
  upload(engine: ServiceEngine, wanted: Wanted, options: CallOptions): Promise<void>
}

export interface PackSourcesOptions extends CallOptions {
  readonly home: string
  /** Files of ours that a release needs: archive path → content. */
  readonly extraFiles?: Readonly<Record<string, Buffer>> | undefined
  readonly onPacked?: ((name: string, packed: PackedSource) => void) | undefined
}

/** Packs the `source` folder of every service, so that a plan sees a changed file. Archives are gone after disposal. */
export async function packSources(manifest: Manifest, options: PackSourcesOptions): Promise<PackedManifest> {
  const archives = new Map<string, PackedSource>()
  const dispose = async () => {
    await Promise.all([...archives.values()].map((archive) => archive[Symbol.asyncDispose]()))
  }
  const pack = async (folder: string, rebuilds: boolean): Promise<PackedSource> => {
    const packed = await packSource(folder, {
      into: join(options.home, 'cache', 'sources'),
      rebuilds,
      signal: options.signal,
      extraFiles: options.extraFiles,
      onEntry: (path) => options.onProgress?.(path),
    })
    const known = archives.get(packed.digest)
    if (known === undefined) archives.set(packed.digest, packed)
    else await packed[Symbol.asyncDispose]()
    return packed
  }
  // Several services may share a folder, e.g. the processes of a Procfile.
  const packing = new Map<string, Promise<PackedSource>>()
  try {
    const resources = await mapLimit(manifest.resources, 2, async (resource) => {
      if (resource.kind !== 'service' || resource.spec.source === undefined) return resource
      const folder = await folderOf(resource, resource.spec.source)
      const rebuilds = resource.spec.build?.commands !== undefined
      const key = `${rebuilds} ${folder}`
      const work = packing.get(key) ?? pack(folder, rebuilds)
      packing.set(key, work)
      const packed = await work
      options.onPacked?.(resource.name, packed)
      return withArtifact(resource, packed.digest)
    })
    return {
      manifest: {...manifest, resources},
      upload: (engine, wanted, call) => upload(engine, wanted, archives, call),
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

type ServiceResource = Extract<Resource, {kind: 'service'}>

async function folderOf({origin, folder, name}: ServiceResource, source: string): Promise<string> {
  const path = resolve(folder, source)
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
  if (isFolder) return path
  throw new OmniError(
    'MANIFEST_INVALID',
    `${origin.file}:${origin.line}:${origin.column}: the source of service '${name}' is no folder: '${path}'`,
  )
}

function withArtifact(resource: ServiceResource, artifact: string): ServiceResource {
  const {source: _, ...spec} = resource.spec
  const {source: __, ...written} = resource.written
  return {...resource, spec: {...spec, artifact}, written: {...written, artifact}}
}

async function upload(
  engine: ServiceEngine,
  wanted: Wanted,
  archives: ReadonlyMap<string, PackedSource>,
  options: CallOptions,
): Promise<void> {
  if (wanted.kind !== 'service' || wanted.spec.artifact === undefined) return
  const archive = archives.get(wanted.spec.artifact)
  if (archive === undefined) return
  const artifacts = requireFacet(engine, 'artifacts')
  if (await artifacts.has(archive.digest, options)) return
  options.onProgress?.('sending the sources')
  await artifacts.put(archive.digest, createReadStream(archive.file), options)
}
