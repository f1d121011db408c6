import {createHash, randomBytes} from 'node:crypto'
import {createWriteStream} from 'node:fs'
import {lstat, mkdir, open, rename, rm, stat} from 'node:fs/promises'
import {basename, dirname, join, resolve} from 'node:path'
import {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {type CallOptions, OmniError, reasonOf, requireFacet, writeFileAtomic} from '@omni-cli/sdk'
import type {Progress} from '@omni-cli/sdk/cli'
import {actOnEach} from '../../apps/act.ts'
import {passOn} from '../../apps/exec.ts'
import {createMeter, type Meter} from '../files/meter.ts'
import {timeStamp} from '../snapshots/name.ts'
import type {Machine} from '../workload.ts'
import {checksumFile, checksumLine} from './checksum.ts'

/** Each is a long stream of bytes; more at the same time are not faster. */
const AT_ONCE = 4

/** A machine in a file. */
export interface ExportedMachine {
  readonly instance: string
  /** Absolute, or `-`. */
  readonly file: string
  readonly bytes: number
  readonly sha256: string
}

export interface ExportRequest {
  readonly machines: readonly Machine[]
  /** For one machine; `-` is stdout. Default: NAME-TIME in the folder. */
  readonly file?: string | undefined
  /** Made when it is not there. */
  readonly dir: string
  /** Replaces a file that is there. */
  readonly force: boolean
  readonly stdout: NodeJS.WriteStream
  readonly progress: Progress
  readonly signal: AbortSignal
}

/**
 * Writes each machine to a file, with its SHA-256 beside it. CONFLICT for files that are there already, before anything
 * is read; a file is there as a whole or not at all. PARTIAL when some of several failed.
 */
export async function exportMachines(request: ExportRequest): Promise<ExportedMachine[]> {
  const {machines, progress, signal, force} = request
  const files = new Map(machines.map((machine) => [machine.name, {machine, file: fileFor(machine, request)}]))
  await refuse(
    [...files.values()].map(({file}) => file),
    force,
  )
  if (request.file === undefined) await mkdir(resolve(request.dir), {recursive: true}).catch(rethrow(request.dir))
  const exportOne = ({machine, file}: {readonly machine: Machine; readonly file: string}): Promise<ExportedMachine> =>
    progress.step(`export ${machine.name}`, (step) => {
      const call = {signal, onProgress: (note: string) => step.note(note)}
      return file === '-' ? toStdout(machine, request, call) : toFile(machine, file, call)
    })
  return actOnEach(files, exportOne, AT_ONCE)
}

function fileFor({driver, name}: Machine, {file, dir}: ExportRequest): string {
  const {extension} = requireFacet(driver, 'export')
  if (file === '-') return file
  return resolve(file ?? join(dir, `${name}-${timeStamp(new Date())}${extension}`))
}

async function refuse(files: readonly string[], force: boolean): Promise<void> {
  for (const file of files) {
    const there = file === '-' ? undefined : await lstat(file).catch(() => undefined)
    if (there?.isDirectory()) throw new OmniError('USAGE', `'${file}' is a folder`, {hint: '--dir FOLDER'})
    if (there === undefined || force) continue
    throw new OmniError('CONFLICT', `'${file}' is there already`, {hint: 'the same command with --force'})
  }
}

/** The bytes of a machine, counted and hashed on their way. */
async function openMachine({driver, name}: Machine, {signal, onProgress = () => undefined}: CallOptions) {
  const {body, sizeBytes} = await requireFacet(driver, 'export').read(name, {signal, onProgress})
  const meter = createMeter(onProgress, sizeBytes)
  const hash = createHash('sha256')
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const piece of meter.count(body)) {
      hash.update(piece)
      yield piece
    }
    requireWhole(meter, sizeBytes, name)
  }
  return {body: Readable.from(hashed(), {objectMode: false}), meter, digest: () => hash.digest('hex')}
}

function requireWhole({bytes}: Meter, sizeBytes: number | undefined, name: string): void {
  if (sizeBytes === undefined || bytes === sizeBytes) return
  throw new OmniError('IO', `only ${bytes} of ${sizeBytes} bytes of '${name}' came`, {hint: 'run it again'})
}

async function toFile(machine: Machine, file: string, call: CallOptions): Promise<ExportedMachine> {
  const folder = dirname(file)
  await stat(folder).catch(rethrow(folder))
  const temporary = join(folder, `.${basename(file)}.${randomBytes(4).toString('hex')}.tmp`)
  const opened = await openMachine(machine, call)
  try {
    await pipeline(opened.body, createWriteStream(temporary, {flags: 'wx', mode: 0o600}), {signal: call.signal})
    await sync(temporary)
    // The old sum would be wrong beside the new file.
    await rm(checksumFile(file), {force: true})
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, {force: true}).catch(() => undefined)
    throw error instanceof Error && 'syscall' in error ? unwritable(file, error) : error
  }
  const sha256 = opened.digest()
  await writeFileAtomic(checksumFile(file), checksumLine(sha256, basename(file)))
  return {instance: machine.name, file, bytes: opened.meter.bytes, sha256}
}

async function toStdout(machine: Machine, {stdout}: ExportRequest, call: CallOptions): Promise<ExportedMachine> {
  const write = passOn(stdout)
  const opened = await openMachine(machine, call)
  for await (const piece of opened.body) await write(piece)
  return {instance: machine.name, file: '-', bytes: opened.meter.bytes, sha256: opened.digest()}
}

async function sync(path: string): Promise<void> {
  await using file = await open(path, 'r+')
  await file.sync()
}

const unwritable = (file: string, error: unknown): OmniError =>
  new OmniError('IO', `cannot write '${file}': ${reasonOf(error)}`, {cause: error})

const rethrow =
  (path: string) =>
  (error: unknown): never => {
    throw new OmniError('IO', `cannot use the folder '${path}': ${reasonOf(error)}`, {cause: error})
  }
