import {mkdir, readdir, readFile, rm, rmdir} from 'node:fs/promises'
import {join} from 'node:path'
import {writeFileAtomic} from '@omni-cli/sdk'
import {z} from 'zod'

const recordFile = z.object({
  /** What the spec asked for, as a text; another one is another image. */
  wanted: z.string(),
  id: z.string(),
  /** `name@sha256:…`: where it can be pulled again. */
  digest: z.string().optional(),
  /** Of a repository: what can be built again. */
  commit: z.string().optional(),
})

/** Which image a release has: a tag may mean another one tomorrow, and a replica may be made anew at any time. */
export type ImageRecord = z.output<typeof recordFile>

const folderOf = (home: string, service: string) => join(home, 'engine', 'images', service)
const fileOf = (home: string, service: string, release: string) => join(folderOf(home, service), `${release}.json`)

export async function readRecord(home: string, service: string, release: string): Promise<ImageRecord | undefined> {
  try {
    const parsed = recordFile.safeParse(JSON.parse(await readFile(fileOf(home, service, release), 'utf8')))
    return parsed.success ? parsed.data : undefined
  } catch {
    // None yet, or not whole: it is looked up as for a new release.
    return undefined
  }
}

export interface ReleaseImage {
  readonly service: string
  readonly release: string
  readonly record: ImageRecord
}

export async function writeRecord(home: string, {service, release, record}: ReleaseImage): Promise<void> {
  await mkdir(folderOf(home, service), {recursive: true, mode: 0o700})
  await writeFileAtomic(fileOf(home, service, release), JSON.stringify(record))
}

export interface PrunedRecords {
  /** Ids of images that no kept release has. */
  readonly gone: ReadonlySet<string>
  /** Commits that kept releases are of. */
  readonly commits: ReadonlySet<string>
}

/** Forgets the releases that are not kept. */
export async function pruneRecords(home: string, service: string, keep: ReadonlySet<string>): Promise<PrunedRecords> {
  const folder = folderOf(home, service)
  const [gone, kept, commits] = [new Set<string>(), new Set<string>(), new Set<string>()]
  for (const name of await readdir(folder).catch(() => [])) {
    const release = name.replace(/\.json$/, '')
    const record = await readRecord(home, service, release)
    const isKept = keep.has(release)
    if (record !== undefined) (isKept ? kept : gone).add(record.id)
    if (isKept && record?.commit !== undefined) commits.add(record.commit)
    if (!isKept) await rm(join(folder, name), {force: true})
  }
  // Fails, as it should, while something is left in it.
  await rmdir(folder).catch(() => undefined)
  return {gone: gone.difference(kept), commits}
}
