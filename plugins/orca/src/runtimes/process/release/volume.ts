import {cp, lstat, mkdir, readdir, rm, symlink} from 'node:fs/promises'
import {dirname, join} from 'node:path'

/**
 * Puts a link to the volume at the path inside the release. What the sources have there fills the volume when that is
 * empty, and is hidden afterwards.
 */
export async function linkVolume(folder: string, path: string, volume: string): Promise<void> {
  const place = join(folder, path)
  await mkdir(volume, {recursive: true, mode: 0o700})
  await mkdir(dirname(place), {recursive: true})
  const found = await lstat(place).catch(() => undefined)
  if (found?.isDirectory() && (await readdir(volume)).length === 0) {
    await cp(place, volume, {recursive: true, verbatimSymlinks: true})
  }
  await rm(place, {recursive: true, force: true})
  await symlink(volume, place)
}
