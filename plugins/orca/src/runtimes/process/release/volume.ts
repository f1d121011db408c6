import {cp, lstat, mkdir, readdir, realpath, rm, symlink} from 'node:fs/promises'
import {dirname, join, sep} from 'node:path'
import {OmniError} from '@omni-cli/sdk'
import {processPaths, sharedPaths} from '../paths.ts'
import type {SystemUser} from '../users.ts'
import {giveTo, makeOpenFolder} from './ownership.ts'

export interface VolumeRequest {
  readonly service: string
  /** Folder of the release. */
  readonly folder: string
  /** Inside the release. */
  readonly path: string
  readonly user: SystemUser | undefined
}

/**
 * Puts a link to the volume of the service at the path inside the release. What the sources have there fills the volume
 * when that is empty, and is hidden afterwards.
 */
export async function linkVolume(home: string, {service, folder, path, user}: VolumeRequest): Promise<void> {
  const place = join(folder, path)
  await mkdir(dirname(place), {recursive: true})
  const parent = await realpath(dirname(place))
  if (!`${parent}${sep}`.startsWith(`${await realpath(folder)}${sep}`)) {
    throw new OmniError('MANIFEST_INVALID', `volume.path '${path}' leads out of the sources through a link`)
  }
  const volume = user === undefined ? await ownVolume(home, service) : await sharedVolume(home, service, user)
  const found = await lstat(place).catch(() => undefined)
  if (found?.isDirectory() && (await readdir(volume)).length === 0) {
    await cp(place, volume, {recursive: true, verbatimSymlinks: true})
    if (user !== undefined) await giveTo(user, volume)
  }
  await rm(place, {recursive: true, force: true})
  await symlink(volume, place)
}

async function ownVolume(home: string, service: string): Promise<string> {
  const volume = join(processPaths(home).volumes, service)
  await mkdir(volume, {recursive: true, mode: 0o700})
  return volume
}

/** Where the user can reach it; the usual place has a link to it, and without that link it has been purged. */
async function sharedVolume(home: string, service: string, user: SystemUser): Promise<string> {
  const link = join(processPaths(home).volumes, service)
  const volume = join(sharedPaths(home).volumes, service)
  const found = await lstat(link).catch(() => undefined)
  if (found?.isSymbolicLink()) return volume
  await rm(volume, {recursive: true, force: true})
  await makeOpenFolder(dirname(volume))
  await mkdir(volume, {mode: 0o700})
  if (found?.isDirectory()) await cp(link, volume, {recursive: true, verbatimSymlinks: true})
  await giveTo(user, volume)
  await rm(link, {recursive: true, force: true})
  await mkdir(dirname(link), {recursive: true, mode: 0o700})
  await symlink(volume, link)
  return volume
}

/** Removes the data behind links that a purge has removed. */
export async function removePurgedVolumes(home: string): Promise<void> {
  const folder = sharedPaths(home).volumes
  for (const service of await readdir(folder).catch(() => [])) {
    const link = await lstat(join(processPaths(home).volumes, service)).catch(() => undefined)
    if (link === undefined) await rm(join(folder, service), {recursive: true, force: true})
  }
}
