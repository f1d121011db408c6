import {type Dirent, existsSync} from 'node:fs'
import {readdir, readFile, realpath, stat} from 'node:fs/promises'
import {join, relative, resolve, sep} from 'node:path'
import {Readable} from 'node:stream'
import {OmniError, reasonOf, throwIfAborted} from '@omni-cli/sdk'
import {type DockerIgnore, parseDockerIgnore} from './dockerignore.ts'

export interface BuildPlace {
  /** Folder of the sources; nothing outside of it is read. */
  readonly root: string
  /** Relative to the root; default: the root. */
  readonly context?: string | undefined
  /** Relative to the root; default: `Dockerfile` of the context. */
  readonly dockerfile?: string | undefined
}

/** What a build sends to the Engine. */
export interface BuildContext {
  /** Path of the Dockerfile in the archive. */
  readonly dockerfile: string
  /** Registries of the images that the Dockerfile starts from. */
  readonly baseImages: readonly string[]
  /** A plain tar, made while it is read. */
  open(): Readable
}

/** What a Dockerfile outside of the context is called in the archive. */
const OUTSIDE = '.omni-dockerfile'
const MAX_BYTES = 1024 ** 2

/** Looks at everything that is to be sent. MANIFEST_INVALID when something is missing or leads out of the sources. */
export async function readBuildContext(place: BuildPlace, signal?: AbortSignal): Promise<BuildContext> {
  const root = await realpath(place.root)
  const folder = await inside(root, place.context ?? '.', 'context')
  if (!(await stat(folder)).isDirectory()) throw invalid(`the build context '${place.context}' is no folder`)
  const file = await inside(root, place.dockerfile ?? relative(root, join(folder, 'Dockerfile')), 'Dockerfile')
  const baseImages = imagesOf(await readSmall(file, 'Dockerfile'))
  const isInside = file.startsWith(`${folder}${sep}`)
  const dockerfile = isInside ? relative(folder, file).split(sep).join('/') : OUTSIDE
  const paths = await listContext(folder, {dockerfile, ignore: await ignoreOf(root, folder), signal})
  return {
    dockerfile,
    baseImages,
    open: () =>
      Readable.from(pack({folder, paths, extra: isInside ? undefined : relative(folder, file)}), {objectMode: false}),
  }
}

/** The real path, which must be in the root, whatever links it goes through. */
async function inside(root: string, path: string, what: string): Promise<string> {
  const wanted = resolve(root, path)
  const real = await realpath(wanted).catch((error: unknown) => {
    if (!existsSync(wanted)) throw invalid(`there is no ${what} '${path}' in the sources`)
    throw invalid(`the ${what} '${path}' cannot be read: ${reasonOf(error)}`)
  })
  if (real === root || real.startsWith(root === sep ? sep : `${root}${sep}`)) return real
  throw invalid(`the ${what} '${path}' leads out of the sources`)
}

/** Of a pipe or a device there may be no end. */
async function readSmall(file: string, name: string): Promise<string> {
  const stats = await stat(file)
  if (stats.isFile() && stats.size <= MAX_BYTES) return readFile(file, 'utf8')
  throw invalid(`the ${name} must be a regular file of at most 1 MiB`)
}

async function ignoreOf(root: string, folder: string): Promise<DockerIgnore> {
  const path = join(folder, '.dockerignore')
  if (!existsSync(path)) return parseDockerIgnore('')
  return parseDockerIgnore(await readSmall(await inside(root, path, '.dockerignore'), '.dockerignore'))
}

const invalid = (message: string): OmniError => new OmniError('MANIFEST_INVALID', message)

/** Images of the FROM lines; names of stages, variables and `scratch` are none. */
function imagesOf(dockerfile: string): string[] {
  const found = [...dockerfile.matchAll(/^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?/gim)]
  const stages = new Set(found.map(([, , stage]) => stage?.toLowerCase()))
  return found.flatMap(([, image = '']) =>
    image.includes('$') || image === 'scratch' || stages.has(image.toLowerCase()) ? [] : [image],
  )
}

interface ListOptions {
  readonly dockerfile: string
  readonly ignore: DockerIgnore
  readonly signal?: AbortSignal | undefined
}

/** Paths in the order of their names, folders before what is in them; no sockets, pipes and devices. */
async function listContext(folder: string, {dockerfile, ignore, signal}: ListOptions): Promise<string[]> {
  // The Engine needs both, and removes them again when they are to be ignored.
  const always = new Set(['.dockerignore', dockerfile])
  const paths: string[] = []
  const visit = async (path: string): Promise<void> => {
    throwIfAborted(signal)
    const entries = await readdir(join(folder, path), {withFileTypes: true})
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const child = path === '' ? entry.name : `${path}/${entry.name}`
      const isTaken = always.has(child) || !ignore.ignores(child)
      if (isTaken && isPlain(entry)) paths.push(child)
      if (entry.isDirectory() && (isTaken || mayHoldTaken(child, ignore, always))) await visit(child)
    }
  }
  await visit('')
  return paths
}

const isPlain = (entry: Dirent): boolean => entry.isFile() || entry.isDirectory() || entry.isSymbolicLink()

const mayHoldTaken = (folder: string, ignore: DockerIgnore, always: ReadonlySet<string>): boolean =>
  ignore.hasExceptions || [...always].some((path) => path.startsWith(`${folder}/`))

interface PackRequest {
  readonly folder: string
  readonly paths: readonly string[]
  readonly extra: string | undefined
}

/** Nothing is read before the first piece is asked for: until then nobody would hear of a failure. */
async function* pack({folder, paths, extra}: PackRequest): AsyncGenerator<Buffer> {
  const {create} = await import('tar')
  // A name that begins with '@' would be read as an archive to add.
  const names = [...paths, ...(extra === undefined ? [] : [extra])].map((path) => `./${path}`)
  const archive = create(
    {
      cwd: folder,
      portable: true,
      noDirRecurse: true,
      preservePaths: true,
      strict: true,
      onWriteEntry: (entry) => {
        entry.path = entry.path === `./${extra}` ? OUTSIDE : entry.path.replace(/^\.\//, '')
      },
    },
    names.length === 0 ? ['.'] : names,
  )
  // It goes on reading for a while when the reader has left.
  archive.on('error', () => undefined)
  yield* archive as AsyncIterable<Buffer>
}
