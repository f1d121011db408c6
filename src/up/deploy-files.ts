import {stat} from 'node:fs/promises'
import {guess, OmniError} from '@omni-cli/sdk'
import type {Manifest} from '@omni-cli/sdk/engine'

/** Where `omni deploy` looks, in this order. */
const DEFAULTS = ['services', 'omni.yaml', 'omni.yml', 'service.toml']

/** The named files and folders, else what the current folder has. USAGE when it has nothing. */
export async function deployFiles(files: readonly string[]): Promise<readonly string[]> {
  if (files.length > 0) return files
  for (const file of DEFAULTS) {
    const found = await stat(file).catch(() => undefined)
    if (found !== undefined) return [file]
  }
  throw new OmniError('USAGE', 'there is no services folder, omni.yaml or service.toml here', {
    hint: 'omni deploy -f DIR',
  })
}

/** Only the named services of a manifest; all without names. NOT_FOUND for a name that the files do not have. */
export function pickServices(manifest: Manifest, names: readonly string[]): Manifest {
  if (names.length === 0) return manifest
  const known = manifest.resources.map(({name}) => name)
  const missing = names.find((name) => !known.includes(name))
  if (missing !== undefined) {
    throw new OmniError('NOT_FOUND', `the files have no service '${missing}'${guess(missing, known)}`, {
      hint: `omni deploy ${known.join(' ')}`,
    })
  }
  return {...manifest, resources: manifest.resources.filter(({name}) => names.includes(name))}
}
