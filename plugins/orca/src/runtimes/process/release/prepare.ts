import {mkdir, readdir, rmdir} from 'node:fs/promises'
import {join} from 'node:path'
import {isOmniError, OmniError, reasonOf, throwIfAborted} from '@omni-cli/sdk'
import type {PreparedRelease, PrepareOptions, PrepareRequest} from '../../runtime.ts'
import {baseEnv, downloadEnv} from '../base-env.ts'
import {buildLogFile, processPaths, sharedPaths} from '../paths.ts'
import {LogFile} from '../supervisor/log-file.ts'
import {findUser, type SystemUser} from '../users.ts'
import {runBuild} from './build.ts'
import {isWhole, markHalfMade, markWhole, releaseOf, removeRelease} from './half-made.ts'
import {giveTo, makeOpenFolder} from './ownership.ts'
import {unpack} from './unpack.ts'
import {linkVolume, removePurgedVolumes} from './volume.ts'

/**
 * Unpacks and builds a release in the folder where it will run, which is used only when it is whole. A whole one is left
 * as it is. MANIFEST_INVALID for a bad archive, DEPLOY_FAILED for a failed build, ABORTED; nothing is left behind then.
 */
export async function prepareRelease(
  home: string,
  request: PrepareRequest,
  options: PrepareOptions = {},
): Promise<PreparedRelease> {
  const {service, release, spec} = request
  throwIfAborted(options.signal)
  const user = spec.user === undefined ? undefined : findUser(spec.user)
  const parent = join(user === undefined ? processPaths(home).releases : sharedPaths(home).releases, service)
  const location = join(parent, release)
  if (await isWhole(location)) return {location}
  try {
    await removeRelease(location)
    await (user === undefined ? mkdir(parent, {recursive: true, mode: 0o700}) : makeOpenFolder(parent))
    await markHalfMade(location)
    await mkdir(location, {mode: 0o700})
    if (request.archive !== undefined) await unpack(request.archive, location, {signal: options.signal})
    if (user !== undefined) await giveTo(user, location)
    await build(home, {...request, folder: location, user}, options)
    if (spec.volume !== undefined) await linkVolume(home, {service, folder: location, path: spec.volume.path, user})
    throwIfAborted(options.signal)
    await markWhole(location)
    return {location}
  } catch (error) {
    // What cannot be removed keeps its mark.
    await removeRelease(location).catch(() => undefined)
    throw isOmniError(error) ? error : ioError(service, release, error)
  }
}

const ioError = (service: string, release: string, error: unknown): OmniError =>
  new OmniError('IO', `cannot prepare release ${release} of '${service}': ${reasonOf(error)}`, {cause: error})

/** Removes the releases that are not kept, and the remains of broken-off preparations of them. */
export async function pruneReleases(home: string, service: string, keep: ReadonlySet<string>): Promise<void> {
  for (const releases of [processPaths(home).releases, sharedPaths(home).releases]) {
    const folder = join(releases, service)
    const names = await readdir(folder).catch(() => [])
    const unwanted = new Set(names.map(releaseOf)).difference(keep)
    for (const release of unwanted) await removeRelease(join(folder, release))
    // Fails, as it should, while something is left in it.
    await rmdir(folder).catch(() => undefined)
  }
  await removePurgedVolumes(home)
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
      env: {
        ...downloadEnv(),
        ...base,
        PATH: path,
        ...own,
        ...request.env,
        OMNI_SERVICE: service,
        OMNI_RELEASE: release,
      },
      ...{uid: user?.uid, gid: user?.gid},
      ...options,
    })
  } finally {
    log.close()
  }
}
