import {lchown, mkdir, readdir, rename, rm, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {messageOf, OmniError, throwIfAborted} from '@omni-cli/sdk'
import type {PreparedRelease, PrepareOptions, PrepareRequest} from '../../runtime.ts'
import {baseEnv} from '../base-env.ts'
import {buildLogFile, processPaths, releaseFolder} from '../paths.ts'
import {LogFile} from '../supervisor/log-file.ts'
import {findUser, type SystemUser} from '../users.ts'
import {runBuild} from './build.ts'
import {unpack} from './unpack.ts'
import {linkVolume} from './volume.ts'

const PARTIAL = '.partial'

/**
 * Unpacks and builds a release in a folder that gets its name only when it is whole. An existing one is left as it is.
 * MANIFEST_INVALID for a bad archive, DEPLOY_FAILED for a failed build, ABORTED; nothing is left behind then.
 */
export async function prepareRelease(
  home: string,
  request: PrepareRequest,
  options: PrepareOptions = {},
): Promise<PreparedRelease> {
  const {service, release, spec} = request
  throwIfAborted(options.signal)
  const location = releaseFolder(home, service, release)
  if (await isThere(location)) return {location}
  const partial = `${location}${PARTIAL}`
  await rm(partial, {recursive: true, force: true})
  try {
    await mkdir(partial, {recursive: true, mode: 0o700})
    if (request.archive !== undefined) await unpack(request.archive, partial, {signal: options.signal})
    const user = spec.user === undefined ? undefined : findUser(spec.user)
    if (user !== undefined) await giveTo(user, partial)
    await build(home, {...request, folder: partial, user}, options)
    if (spec.volume !== undefined) {
      const volume = join(processPaths(home).volumes, service)
      await linkVolume(partial, spec.volume.path, volume)
      if (user !== undefined) await giveTo(user, volume)
    }
    throwIfAborted(options.signal)
    await rename(partial, location)
    return {location}
  } catch (error) {
    await rm(partial, {recursive: true, force: true})
    throw error
  }
}

/** Removes the releases that are not kept, and the remains of broken-off preparations of them. */
export async function pruneReleases(home: string, service: string, keep: ReadonlySet<string>): Promise<void> {
  const folder = join(processPaths(home).releases, service)
  const names = await readdir(folder).catch(() => [])
  const unwanted = names.filter((name) => !keep.has(name.endsWith(PARTIAL) ? name.slice(0, -PARTIAL.length) : name))
  for (const name of unwanted) await rm(join(folder, name), {recursive: true, force: true})
}

interface BuildPlace {
  readonly folder: string
  readonly user: SystemUser | undefined
}

async function build(home: string, request: PrepareRequest & BuildPlace, options: PrepareOptions): Promise<void> {
  const {service, release, spec, folder, user} = request
  const commands = spec.build?.commands ?? []
  if (commands.length === 0) return
  const log = new LogFile(buildLogFile(home, service))
  const base = baseEnv(folder)
  // Steps of a build may make the programs that later ones run.
  const path = `${join(folder, 'node_modules', '.bin')}:${base.PATH}`
  const own = user === undefined ? {} : {HOME: user.home, USER: user.name, LOGNAME: user.name}
  try {
    await runBuild({
      ...{service, release, folder, commands, log},
      env: {...base, PATH: path, ...own, ...request.env, OMNI_SERVICE: service, OMNI_RELEASE: release},
      ...{uid: user?.uid, gid: user?.gid},
      ...options,
    })
  } finally {
    log.close()
  }
}

/** Makes the user the owner of the folder and all in it. */
async function giveTo(user: SystemUser, folder: string): Promise<void> {
  try {
    await lchown(folder, user.uid, user.gid)
    for (const entry of await readdir(folder, {recursive: true})) await lchown(join(folder, entry), user.uid, user.gid)
  } catch (error) {
    throw new OmniError('IO', `cannot give '${folder}' to user '${user.name}': ${messageOf(error)}`, {cause: error})
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
