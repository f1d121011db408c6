import {spawnSync} from 'node:child_process'
import {mkdir, readFile, rename, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {programsDigest, sourcesDigest} from './build/sources.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const PROJECTS = ['packages/sdk', 'packages/testkit', 'plugins/orca', 'src']

/**
 * Builds every package with tsc, then the CLI: one bundle, one manifest, one index. It is put together aside and moved
 * into place at the end, so that a program that is started meanwhile finds the old or the new one. Exit 1 on type errors.
 */
async function build(): Promise<void> {
  const sources = await sourcesDigest(root)
  if (process.argv.includes('--if-changed') && (await isBuilt(sources))) return

  const types = spawnSync('tsc', ['-b', ...PROJECTS], {cwd: root, stdio: 'inherit'})
  const stage = join(root, 'build', `stage-${process.pid}`)
  try {
    // It imports our packages, which tsc has just built.
    const {assemble} = await import('./build/assemble.ts')
    await assemble(root, stage)
    if (types.status === 0) await writeFile(stamp(stage), `${sources} ${await programsDigest(root)}`)
    await putInPlace(stage)
  } finally {
    await rm(stage, {recursive: true, force: true})
  }
  process.exitCode = types.status === 0 ? 0 : 1
}

const stamp = (folder: string) => join(folder, 'dist', '.sources')

const isBuilt = async (sources: string): Promise<boolean> =>
  (await readFile(stamp(root), 'utf8').catch(() => '')) === `${sources} ${await programsDigest(root)}`

async function putInPlace(stage: string): Promise<void> {
  const old = join(stage, 'old')
  await mkdir(old)
  await rename(join(root, 'dist'), join(old, 'dist')).catch(() => undefined)
  await rename(join(stage, 'dist'), join(root, 'dist'))
  await rename(join(stage, 'oclif.manifest.json'), join(root, 'oclif.manifest.json'))
}

await build()
