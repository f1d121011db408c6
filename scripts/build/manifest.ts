import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {type Interfaces, Plugin, settings} from '@oclif/core'
import {type Entries, type PackageJson, readPackage} from './packages.ts'

export interface Manifests {
  readonly own: Interfaces.Manifest
  /** Of plugins that come along but are not part of the bundle. */
  readonly others: readonly Interfaces.Manifest[]
}

/** Writes `oclif.manifest.json` of each plugin that is part of the CLI. */
export async function writePluginManifests({plugins}: Entries): Promise<void> {
  for (const {dir, pjson} of plugins) {
    if (pjson.oclif?.commands === undefined) continue
    await writeFile(join(dir, 'oclif.manifest.json'), JSON.stringify(await manifestOf(dir, pjson, {ignoreManifest: true})))
  }
}

/** The manifest of the bundle in a folder, and those of the plugins beside it. A command that cannot be loaded fails it. */
export async function buildManifest(root: string, {others}: Entries, folder: string): Promise<Manifests> {
  const own = await manifestOf(folder, await readPackage(root), {ignoreManifest: true})
  return {own, others: await Promise.all(others.map(async (dir) => manifestOf(dir, await readPackage(dir), {})))}
}

async function manifestOf(
  root: string,
  pjson: PackageJson,
  options: {readonly ignoreManifest?: boolean},
): Promise<Interfaces.Manifest> {
  settings.enableAutoTranspile = false
  // oclif's type asks for what a package.json of a CLI can have; it reads name, version, type and the oclif block.
  const oclifPackage = pjson as unknown as Interfaces.PJSON
  const checks = {isRoot: true, errorOnManifestCreate: true, respectNoCacheDefault: true}
  const plugin = new Plugin({root, pjson: oclifPackage, ...checks, ...options})
  await plugin.load()
  return plugin.manifest
}
