import {createHash} from 'node:crypto'
import {constants} from 'node:fs'
import {type FileHandle, lstat, mkdir, open, readFile, rename, rm, statfs} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {formatBytes, mapLimit, OmniError, reasonOf, writeFileAtomic} from '@omni-cli/sdk'
import {type ExpectedHash, type PlannedFile, WORK_FOLDER} from './plan.ts'

/** Where the bytes of one file lie. */
export interface FilePlaces {
  /** The file itself, when it is whole. */
  readonly final: string
  readonly part: string
  readonly ledger: string
}

/** The folder that a model is downloaded to, held by one download at a time. */
export interface TargetFolder extends AsyncDisposable {
  readonly path: string
  places(file: PlannedFile): FilePlaces
  /** Opens the part for writing, and makes it where there is none. */
  openPart(file: PlannedFile): Promise<FileHandle>
  /** Puts the part in its place; it is on the disk then. */
  finish(file: PlannedFile, handle: FileHandle): Promise<void>
  /** Size of a file that is in its place. IO for anything but a file, or a link on the way. */
  sizeOf(file: PlannedFile): Promise<number | undefined>
  /** Files that earlier downloads have made here, or have begun to: hashes by path. */
  readonly earlier: Earlier
  note(summary: DownloadNote): Promise<void>
  /** IO when there is not enough room for what is not there yet. */
  requireRoom(files: readonly PlannedFile[]): Promise<void>
}

/** What stands in `.omni-download.json`. */
export interface DownloadNote {
  readonly source: string
  readonly complete: boolean
  readonly files: readonly PlannedFile[]
}

/** What is not known to be gone, also of downloads that were cut off while they replaced it. */
type Earlier = ReadonlyMap<string, readonly ExpectedHash[]>

const NOTE = '.omni-download.json'

export async function openFolder(path: string): Promise<TargetFolder> {
  const work = join(path, WORK_FOLDER)
  await mkdir(work, {recursive: true}).catch(async (failure: unknown) => {
    // The recursive one tells ENOENT also for a file system that cannot be written.
    const isAbsent = failure instanceof Error && 'code' in failure && failure.code === 'ENOENT'
    const error: unknown = isAbsent ? ((await mkdir(path).catch((reason: unknown) => reason)) ?? failure) : failure
    throw new OmniError('IO', `cannot use the folder '${path}': ${reasonOf(error)}`, {cause: error})
  })
  const lock = await takeLock(path, join(work, 'lock'))
  const places = (file: PlannedFile): FilePlaces => {
    const name = createHash('sha256').update(file.path).digest('hex').slice(0, 24)
    return {final: join(path, file.path), part: join(work, `${name}.part`), ledger: join(work, `${name}.ledger`)}
  }
  const earlier = await readEarlier(join(path, NOTE))
  return {
    ...{path, places, earlier},
    openPart(file) {
      // No link that somebody has put there is followed.
      return open(places(file).part, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o644)
    },
    async finish(file, handle) {
      const {part, final} = places(file)
      await handle.sync()
      await makeParents(path, file.path)
      await rename(part, final)
      await syncFolder(dirname(final))
    },
    async sizeOf(file) {
      await refuseLinks(path, file.path)
      const found = await lstat(places(file).final).catch(absent)
      if (found === undefined) return undefined
      if (!found.isFile()) throw new OmniError('IO', `'${file.path}' is there and is no file`)
      return found.size
    },
    note: ({source, complete, files}) => {
      const told = files.map(({path: name, size, hash}) => ({path: name, size, [hash.algorithm]: hash.value}))
      const note = {version: 1, source, complete, files: told, earlier: stillThere(earlier, {files, complete})}
      return writeFileAtomic(join(path, NOTE), `${JSON.stringify(note, undefined, 2)}\n`, {mode: 0o644})
    },
    async requireRoom(files) {
      const lacking = await mapLimit(files, 16, async (file) => {
        const {final, part} = places(file)
        const found = (await lstat(final).catch(absent)) ?? (await lstat(part).catch(absent))
        // A part has the length of the whole from the beginning, and holes where nothing was written.
        return Math.max(0, file.size - (found === undefined ? 0 : found.blocks * 512))
      })
      await requireFree(
        path,
        lacking.reduce((sum, bytes) => sum + bytes, 0),
      )
    },
    async [Symbol.asyncDispose]() {
      await lock.close()
      await rm(join(work, 'lock'), {force: true})
    },
  }
}

async function requireFree(path: string, bytes: number): Promise<void> {
  const {bavail, bsize} = await statfs(path)
  if (bavail * bsize >= bytes) return
  throw new OmniError(
    'IO',
    `the disk has ${formatBytes(bavail * bsize)} left, and ${formatBytes(bytes)} are still to come`,
    {hint: 'make room, or name a folder on another disk; what is there already is kept'},
  )
}

/** Two downloads into one folder would write over each other. */
async function takeLock(folder: string, path: string): Promise<FileHandle> {
  for (let attempt = 0; ; attempt++) {
    try {
      const lock = await open(path, 'wx', 0o644)
      await lock.write(`${process.pid}\n`)
      return lock
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EEXIST'
      if (!isTaken) throw new OmniError('IO', `cannot write into '${folder}': ${reasonOf(error)}`, {cause: error})
    }
    const owner = await ownerOf(path)
    if (attempt > 0 || owner === 'unknown' || isAlive(owner)) throw taken(folder, owner)
    await removeStale(folder, path)
  }
}

const taken = (folder: string, owner: number | 'unknown'): OmniError =>
  new OmniError('LOCKED', `another download into '${folder}' is running (process ${owner})`)

/** A lock may be without its owner for longer than it takes to write it only after a crash. */
const UNWRITTEN_MS = 5000

async function ownerOf(path: string): Promise<number | 'unknown'> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const {mtimeMs} = (await lstat(path).catch(absent)) ?? {mtimeMs: 0}
  return text === '' && Date.now() - mtimeMs < UNWRITTEN_MS ? 'unknown' : Number.parseInt(text, 10)
}

/** Moved away first, as another process may have taken it over in this moment: what it holds is given back. */
async function removeStale(folder: string, path: string): Promise<void> {
  const aside = `${path}.${process.pid}`
  await rename(path, aside).catch(absent)
  const owner = await ownerOf(aside)
  if (owner === 'unknown' || isAlive(owner)) {
    await rename(aside, path)
    throw taken(folder, owner)
  }
  await rm(aside, {force: true})
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function readEarlier(path: string): Promise<Earlier> {
  const text = await readFile(path, 'utf8').catch(() => '{}')
  const earlier = new Map<string, ExpectedHash[]>()
  try {
    const note: unknown = JSON.parse(text)
    const lists =
      typeof note === 'object' && note !== null ? [Reflect.get(note, 'files'), Reflect.get(note, 'earlier')] : []
    for (const file of lists.flatMap((list: unknown) => (Array.isArray(list) ? list : []))) {
      const [name, known] = [String(file?.path), hashesOf(file)]
      earlier.set(name, [...(earlier.get(name) ?? []), ...known])
    }
  } catch {
    // No note of ours.
  }
  return earlier
}

const hashesOf = (file: Readonly<Record<string, unknown>> | null): ExpectedHash[] =>
  (['sha256', 'git-sha1'] as const).flatMap((algorithm) => {
    const value = file?.[algorithm]
    return typeof value === 'string' ? [{algorithm, value}] : []
  })

/** What other downloads have left and this one has not replaced. */
function stillThere(
  earlier: Earlier,
  {files, complete}: Pick<DownloadNote, 'files' | 'complete'>,
): Readonly<Record<string, string>>[] {
  const now = new Map(files.map(({path, hash}) => [path, hash.value]))
  return [...earlier].flatMap(([path, hashes]) =>
    hashes
      .filter(({value}) => !now.has(path) || (!complete && now.get(path) !== value))
      .map(({algorithm, value}) => ({path, [algorithm]: value})),
  )
}

/** A link in the place of a folder would lead the bytes elsewhere. */
async function refuseLinks(root: string, path: string): Promise<void> {
  const parts = path.split('/')
  for (let depth = 1; depth <= parts.length; depth++) {
    const found = await lstat(join(root, ...parts.slice(0, depth))).catch(absent)
    if (found === undefined) return
    if (found.isSymbolicLink()) {
      throw new OmniError(
        'IO',
        `'${parts.slice(0, depth).join('/')}' is a symbolic link: nothing is written through it`,
      )
    }
  }
}

async function makeParents(root: string, path: string): Promise<void> {
  await refuseLinks(root, path)
  await mkdir(dirname(join(root, path)), {recursive: true})
}

function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
    return undefined
  throw error
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined)
  await folder?.sync().catch(() => undefined)
  await folder?.close()
}
