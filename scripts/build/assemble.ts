import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {bundleCli} from './bundle.ts'
import {buildCompletion, buildIndex} from './index.ts'
import {buildManifest, writePluginManifests} from './manifest.ts'
import {findEntries} from './packages.ts'
import {bundlePrograms} from './programs.ts'

/** Puts the CLI together in a folder: `dist` with the bundle and its index, and `oclif.manifest.json`. */
export async function assemble(root: string, folder: string): Promise<void> {
  const entries = await findEntries(root)
  await bundleCli(root, entries, join(folder, 'dist'))
  await writePluginManifests(entries)
  await bundlePrograms(root, entries)
  const manifests = await buildManifest(root, entries, folder)
  await writeFile(join(folder, 'dist', 'index.json'), JSON.stringify(await buildIndex(root, entries, manifests)))
  await writeFile(join(folder, 'dist', 'complete.json'), JSON.stringify(buildCompletion(manifests)))
  await writeFile(join(folder, 'oclif.manifest.json'), JSON.stringify(manifests.own))
}
