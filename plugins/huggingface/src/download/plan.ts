import {matchesGlob} from 'node:path'
import {OmniError} from '@omni-cli/sdk'
import type {HubFile} from '../client/hub.ts'

/** A chunk is the unit of what is remembered, checked and fetched again; several of them are asked for at once. */
const CHUNK_BYTES = 1024 * 1024

export interface ExpectedHash {
  /** Of small files, Git's hash of the blob: SHA-1 of a head with the size, and the content. */
  readonly algorithm: 'sha256' | 'git-sha1'
  /** Hexadecimal, lower case. */
  readonly value: string
}

/** One file to have, and what it must be. */
export interface PlannedFile {
  readonly path: string
  readonly size: number
  readonly hash: ExpectedHash
  readonly chunkBytes: number
}

export interface PlanOptions {
  /** Globs of paths or names; absent: all. */
  readonly include?: readonly string[] | undefined
  /** Default 1 MiB. */
  readonly chunkBytes?: number | undefined
  /** Chunks of one request at most. Default 16, and more over far distances. */
  readonly maxRun?: number | undefined
  /** Pause before the second try of a request; each further one is twice as long. Default 200 ms. */
  readonly retryMs?: number | undefined
  /** A connection that brings next to nothing in that time counts as cut. Default half a minute. */
  readonly silenceMs?: number | undefined
}

/** Folder of our own beside the files. */
export const WORK_FOLDER = '.omni-download'

export const chunksOf = ({size, chunkBytes}: PlannedFile): number => Math.ceil(size / chunkBytes)

export const chunkLength = ({size, chunkBytes}: PlannedFile, index: number): number =>
  Math.min(chunkBytes, size - index * chunkBytes)

/**
 * The files to fetch, large ones first. USAGE for names that would leave the folder, two of the same name, or patterns that
 * fit none; every one that is wrong is named.
 */
export function planFiles(files: readonly HubFile[], {include, chunkBytes = CHUNK_BYTES}: PlanOptions): PlannedFile[] {
  const wanted = files.filter(({path}) => include === undefined || include.some((glob) => matches(path, glob)))
  const idle = (include ?? []).filter((glob) => !files.some(({path}) => matches(path, glob)))
  if (idle.length > 0)
    throw new OmniError('USAGE', `no file has a name like ${idle.map((glob) => `'${glob}'`).join(', ')}`)
  const seen = new Set<string>()
  const problems = wanted.flatMap(({path}) => {
    const problem = isUnsafePath(path) ? 'leads out of its folder' : seen.has(path) ? 'is there twice' : undefined
    seen.add(path)
    return problem === undefined ? [] : [`'${path}' ${problem}`]
  })
  const clash = wanted.find(({path}) => parentsOf(path).some((parent) => seen.has(parent)))
  if (clash !== undefined) problems.push(`'${clash.path}' lies in what is a file, too`)
  if (problems.length > 0) {
    throw new OmniError('IO', `the repository has names of files that are not safe:\n${problems.join('\n')}`, {
      hint: 'leave them out with --include PATTERN',
    })
  }
  return wanted
    .map((file) => plannedFile(file, chunkBytes))
    .sort((a, b) => b.size - a.size || a.path.localeCompare(b.path))
}

const matches = (path: string, glob: string): boolean =>
  matchesGlob(path, glob) || (!glob.includes('/') && matchesGlob(path.split('/').at(-1) ?? '', glob))

function plannedFile({path, size, sha256, gitSha1}: HubFile, chunkBytes: number): PlannedFile {
  const hash: ExpectedHash =
    sha256 === undefined
      ? {algorithm: 'git-sha1', value: (gitSha1 ?? '').toLowerCase()}
      : {algorithm: 'sha256', value: sha256.toLowerCase()}
  const length = hash.algorithm === 'sha256' ? 64 : 40
  if (!Number.isSafeInteger(size) || size < 0 || !new RegExp(`^[0-9a-f]{${length}}$`).test(hash.value)) {
    throw new OmniError('UNAVAILABLE', `the hub does not tell the size and hash of '${path}': it could not be checked`)
  }
  return {path, size, hash, chunkBytes}
}

const parentsOf = (path: string): string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, index, parts) => parts.slice(0, index + 1).join('/'))

/** Names that must never become paths on a disk. */
export const isUnsafePath = (path: string): boolean =>
  path === '' ||
  path.length > 1024 ||
  /[\u0000-\u001f\u007f\\]/.test(path) ||
  path.toLowerCase().startsWith(WORK_FOLDER) ||
  path.split('/').some((part) => part === '' || part === '.' || part === '..' || Buffer.byteLength(part) > 255)
