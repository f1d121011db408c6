import {execFile} from 'node:child_process'
import {mkdtemp, readdir, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {promisify} from 'node:util'

const exec = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Packs every package as npm would publish it, and lets publint and attw look at the tarballs. */
const work = await mkdtemp(join(tmpdir(), 'omni-pack-'))
try {
  await exec(
    'npm',
    ['pack', '--workspaces', '--include-workspace-root', '--ignore-scripts', '--pack-destination', work],
    {cwd: root},
  )
  const tarballs = (await readdir(work)).filter((file) => file.endsWith('.tgz') && !file.startsWith('omni-cli-node-'))
  for (const tarball of tarballs) {
    const path = join(work, tarball)
    await complain(tarball, exec('publint', ['run', path, '--strict'], {cwd: root}))
    const hasEntries = !tarball.startsWith('omni-cli-omni-')
    if (hasEntries) await complain(tarball, exec('attw', [path, '--profile', 'esm-only', '--no-emoji'], {cwd: root}))
  }
} finally {
  await rm(work, {recursive: true, force: true})
}

async function complain(tarball: string, run: Promise<unknown>): Promise<void> {
  try {
    await run
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error ? `${error.stdout}` : String(error)
    process.stdout.write(`${tarball}\n${output}\n`)
    process.exitCode = 1
  }
}
