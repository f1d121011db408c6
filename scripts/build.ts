import {spawnSync} from 'node:child_process'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {bundleCli} from './build/bundle.ts'
import {buildCompletion, buildIndex} from './build/index.ts'
import {writeManifests} from './build/manifest.ts'
import {findEntries} from './build/packages.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Builds every package with tsc, then the CLI: one bundle, one manifest, one index. Exit 1 on type errors. */
async function build(): Promise<void> {
  const types = spawnSync('tsc', ['-b', 'packages/sdk', 'packages/testkit', 'plugins/orca', 'src'], {
    cwd: root,
    stdio: 'inherit',
  })
  const entries = await findEntries(root)
  await bundleCli(root, entries)
  const manifests = await writeManifests(root, entries)
  await writeFile(join(root, 'dist', 'index.json'), JSON.stringify(await buildIndex(root, entries, manifests)))
  await writeFile(join(root, 'dist', 'complete.json'), JSON.stringify(buildCompletion(manifests)))
  process.exitCode = types.status === 0 ? 0 : 1
}

await build()
