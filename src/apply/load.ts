import {stat} from 'node:fs/promises'
import {OmniError} from '@omni-cli/sdk'
import type {LoadOptions, Manifest} from '@omni-cli/sdk/engine'

export interface ManifestFlags extends LoadOptions {
  /** Arguments and values of `-f`. */
  readonly files: readonly string[]
  /** Value of `-k`. */
  readonly kustomize?: string | undefined
  /** Let a kustomization fetch its bases from elsewhere. */
  readonly remoteBases?: boolean | undefined
}

/** What stands in the current folder for a project, when no file is named. */
const DEFAULTS = ['omni.yaml', 'omni.yml', 'omni.json', 'service.toml', 'services']

/** The manifest of the named files, else of the current folder. USAGE when there is none. */
export async function loadNamed({files, kustomize, remoteBases, ...options}: ManifestFlags): Promise<Manifest> {
  const {loadManifest} = await import('./manifest-engine.ts')
  if (kustomize === undefined) return loadManifest(files.length > 0 ? files : [await defaultFile()], options)
  const {buildKustomization} = await import('./objects/kustomize.ts')
  const made = await buildKustomization(kustomize, {allowsRemote: remoteBases === true, signal: options.signal})
  return loadManifest(files, {...options, made: [made]})
}

async function defaultFile(): Promise<string> {
  for (const file of DEFAULTS) {
    const isThere = await stat(file).then(
      () => true,
      () => false,
    )
    if (isThere) return file
  }
  throw new OmniError('USAGE', 'name a file: there is no omni.yaml, service.toml or services/ in this folder', {
    hint: 'omni apply FILE',
  })
}
