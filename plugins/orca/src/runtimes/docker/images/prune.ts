import {silentLogger} from '@omni-cli/sdk'
import {z} from 'zod'
import {forgetCommits} from '../../../sources/git.ts'
import type {Engine} from '../engine/engine.ts'
import {isRefusal} from '../engine/failure.ts'
import {buildRepository, gitDirOf, SERVICE_LABEL} from './build-release.ts'
import {pruneRecords} from './records.ts'

const listed = z.array(z.object({Id: z.string(), RepoTags: z.array(z.string()).nullish()}))

/**
 * Forgets the images of the releases that are not kept, and removes those of them that we built, with their sources. What still runs, what
 * was pulled, and what another home on the same Engine has built is left alone.
 */
export async function pruneImages(
  engine: Engine,
  service: string,
  keepReleases: readonly string[],
  {home}: {readonly home: string},
): Promise<void> {
  const {gone, commits} = await pruneRecords(home, service, new Set(keepReleases))
  if (gone.size === 0) return
  await forgetCommits({gitDir: gitDirOf(home, service), env: process.env, log: silentLogger}, commits)
  const filters = JSON.stringify({label: [`${SERVICE_LABEL}=${service}`]})
  const built = listed.parse(await engine.call('GET', '/images/json', {query: {filters}}))
  for (const {Id, RepoTags} of built) {
    if (!gone.has(Id)) continue
    const tags = (RepoTags ?? []).filter((tag) => tag.startsWith(`${buildRepository(service)}:`))
    // Without a tag of ours it is one that a build of the same commit has replaced.
    for (const name of tags.length === 0 ? [Id] : tags) await removeImage(engine, name)
  }
}

async function removeImage(engine: Engine, name: string): Promise<void> {
  try {
    await engine.call('DELETE', `/images/${name}`)
  } catch (error) {
    // Gone already, or in use: by a container, or under a name that somebody else gave it.
    if (!isRefusal(error, 404, 409)) throw error
  }
}
