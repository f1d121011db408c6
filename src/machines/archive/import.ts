import {createReadStream} from 'node:fs'
import {stat} from 'node:fs/promises'
import {basename, resolve} from 'node:path'
import {type CallOptions, type InstanceProvider, nameProblem, OmniError, reasonOf, requireFacet} from '@omni-cli/sdk'
import type {Progress} from '@omni-cli/sdk/cli'
import {createMeter} from '../files/meter.ts'
import {type Machine, machineOf} from '../workload.ts'
import {checksumFile, digestOf, readChecksum} from './checksum.ts'

const PIECE_BYTES = 1024 * 1024

export interface ImportRequest {
  /** `-` is stdin. */
  readonly file: string
  /** Default: the one that the name of the file begins with. */
  readonly name?: string | undefined
  readonly stdin: NodeJS.ReadableStream
  readonly progress: Progress
  readonly signal: AbortSignal
}

/**
 * Makes an instance of a file, stopped. Before it: CONFLICT for a name that is taken, IO for a file whose SHA-256 is
 * another than the one beside it. After a failure there is no instance.
 */
export async function importMachine(provider: InstanceProvider, request: ImportRequest): Promise<Machine> {
  const {progress, signal} = request
  const facet = requireFacet(provider, 'export')
  const file = request.file === '-' ? '-' : resolve(request.file)
  const name = requireName(request.name ?? nameIn(file, facet.extension), request.name)
  const sizeBytes = file === '-' ? undefined : await sizeOf(file)
  if ((await provider.get(name, {signal})) !== undefined) {
    throw new OmniError('CONFLICT', `there is an instance '${name}' already`, {hint: 'the same command with --name'})
  }
  if (file !== '-') await progress.step(`check ${basename(file)}`, () => checkFile(file, {signal}))
  const made = await progress.step(`import ${name}`, (step) => {
    const meter = createMeter((note) => step.note(note), sizeBytes)
    const body = file === '-' ? request.stdin : createReadStream(file, {highWaterMark: PIECE_BYTES})
    return facet.write(name, meter.count(body), {signal, onProgress: (note) => step.note(note)})
  })
  return machineOf(provider, made)
}

/** `worker-1-20260131t080000z.tar.gz` → `worker-1`. */
export function nameIn(file: string, extension: string): string {
  const name = basename(file)
  const bare = name.endsWith(extension) ? name.slice(0, -extension.length) : name.replace(/\.(tar(\.\w+)?|tgz)$/, '')
  return bare.replace(/-\d{8}t\d{6}z$/, '')
}

function requireName(name: string, given: string | undefined): string {
  const problem = nameProblem(name)
  if (problem === undefined) return name
  const whose = given === undefined ? `the name of the file` : '--name'
  throw new OmniError('USAGE', `${whose} gives no name for an instance: ${problem}`, {hint: '--name NAME'})
}

async function sizeOf(file: string): Promise<number> {
  try {
    const {size} = await stat(file)
    if (size > 0) return size
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (isAbsent) throw new OmniError('NOT_FOUND', `there is no file '${file}'`)
    throw new OmniError('IO', `cannot read '${file}': ${reasonOf(error)}`, {cause: error})
  }
  throw new OmniError('IO', `'${file}' is empty`)
}

async function checkFile(file: string, {signal}: CallOptions): Promise<void> {
  const wanted = await readChecksum(file)
  if (wanted === undefined || wanted === (await digestOf(file, signal))) return
  throw new OmniError('IO', `'${file}' is not what was exported: its SHA-256 is not that of '${checksumFile(file)}'`, {
    hint: 'copy the file again',
  })
}
