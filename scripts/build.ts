import {spawnSync} from 'node:child_process'
import {mkdir, readFile, rename, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {bundleCli} from './build/bundle.ts'
import {buildCompletion, buildIndex} from './build/index.ts'
import {buildManifest, writePluginManifests} from './build/manifest.ts'
import {findEntries} from './build/packages.ts'
import {sourcesDigest} from './build/sources.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const PROJECTS = ['packages/sdk', 'packages/testkit', 'plugins/orca', 'src']

/**
 * Builds every package with tsc, then the CLI: one bundle, one manifest, one index. It is put together aside and moved
 * into place at the end, so that a program that is started meanwhile finds the old or the new one. Exit 1 on type errors.
 */
async function build(): Promise<void> {
  const digest = await sourcesDigest(root)
  if (process.argv.includes('--if-changed') && digest === (await readFile(stamp(root), 'utf8').catch(() => ''))) return

  const types = spawnSync('tsc', ['-b', ...PROJECTS], {cwd: root, stdio: 'inherit'})
  const stage = join(root, 'build', `stage-${process.pid}`)
  try {
    await assemble(stage)
    if (types.status === 0) await writeFile(stamp(stage), digest)
    await putInPlace(stage)
  } finally {
    await rm(stage, {recursive: true, force: true})
  }
  process.exitCode = types.status === 0 ? 0 : 1
}

const stamp = (folder: string) => join(folder, 'dist', '.sources')

async function assemble(stage: string): Promise<void> {
  const entries = await findEntries(root)
  await bundleCli(root, entries, join(stage, 'dist'))
  await writePluginManifests(entries)
  const manifests = await buildManifest(root, entries, stage)
  await writeFile(join(stage, 'dist', 'index.json'), JSON.stringify(await buildIndex(root, entries, manifests)))
  await writeFile(join(stage, 'dist', 'complete.json'), JSON.stringify(buildCompletion(manifests)))
  await writeFile(join(stage, 'oclif.manifest.json'), JSON.stringify(manifests.own))
}

async function putInPlace(stage: string): Promise<void> {
  const old = join(stage, 'old')
  await mkdir(old)
  await rename(join(root, 'dist'), join(old, 'dist')).catch(() => undefined)
  await rename(join(stage, 'dist'), join(root, 'dist'))
  await rename(join(stage, 'oclif.manifest.json'), join(root, 'oclif.manifest.json'))
}

await build()
