import {createHash} from 'node:crypto'
import {constants} from 'node:fs'
import {type FileHandle, lstat, mkdir, open, readFile, rename, rm, statfs} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {formatBytes, mapLimit, OmniError, reasonOf, writeFileAtomic} from '@omni-cli/sdk'
import {type PlannedFile, WORK_FOLDER} from './plan.ts'

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
  /** Files that earlier downloads have made here: hash by path. */
  readonly earlier: ReadonlyMap<string, string>
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

const NOTE = '.omni-download.json'

export async function openFolder(path: string): Promise<TargetFolder> {
  const work = join(path, WORK_FOLDER)
  await mkdir(work, {recursive: true}).catch((error: unknown) => {
    throw new OmniError('IO', `cannot use the folder '${path}': ${reasonOf(error)}`, {cause: error})
  })
  const lock = await takeLock(path, join(work, 'lock'))
  const places = (file: PlannedFile): FilePlaces => {
    const name = createHash('sha256').update(file.path).digest('hex').slice(0, 24)
    return {final: join(path, file.path), part: join(work, `${name}.part`), ledger: join(work, `${name}.ledger`)}
  }
  return {
    path,
    places,
    earlier: await readEarlier(join(path, NOTE)),
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
      return writeFileAtomic(
        join(path, NOTE),
        `${JSON.stringify({version: 1, source, complete, files: told}, undefined, 2)}\n`,
        {mode: 0o644},
      )
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
    const owner = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10)
    if (attempt > 0 || isAlive(owner)) {
      throw new OmniError('LOCKED', `another download into '${folder}' is running (process ${owner})`)
    }
    await rm(path, {force: true})
  }
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

async function readEarlier(path: string): Promise<Map<string, string>> {
  const text = await readFile(path, 'utf8').catch(() => '{}')
  try {
    const note: unknown = JSON.parse(text)
    const files =
      typeof note === 'object' && note !== null && 'files' in note && Array.isArray(note.files) ? note.files : []
    return new Map(files.map((file) => [String(file?.path), String(file?.sha256 ?? file?.['git-sha1'])]))
  } catch {
    return new Map()
  }
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
