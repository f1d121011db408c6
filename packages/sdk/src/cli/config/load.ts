import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {join} from 'node:path'
import {isOmniError, OmniError} from '../../errors.ts'
import {reasonOf} from '../../io/files.ts'
import {makePrivateFolder} from '../../io/make-folder.ts'
import type {OmniConfig} from '../session.ts'
import {configFileIn} from './home.ts'

/** Longer files are no configuration. */
const MAX_BYTES = 1024 * 1024
/** Part of the cache's key; raise it when the meaning of the file changes. */
const CACHE_VERSION = 1

export interface LoadedConfig {
  readonly config: OmniConfig
  /** The file as it is; undefined when it came from the cache or there is none. */
  readonly text?: string | undefined
  readonly exists: boolean
  /** Something the user should know, e.g. that others can read a file with secrets. */
  readonly warning?: string | undefined
}

export const EMPTY_CONFIG: OmniConfig = {contexts: [], preferences: {}, plugins: [], aliases: {}}

/**
 * The configuration under a home folder; without a file it is empty. CONFIG_INVALID with every problem of the file,
 * IO when it cannot be read. Neither YAML nor zod is loaded when the file is as it was the last time. Files are read
 * synchronously: every command does it once, and `node:fs/promises` takes longer to load than they to read.
 */
export async function loadConfig(home: string): Promise<LoadedConfig> {
  const path = configFileIn(home)
  const found = readConfigFile(path)
  if (found === undefined) return {config: EMPTY_CONFIG, exists: false}
  const key = keyOf(found.stats)
  const cachePath = join(home, 'cache', 'config.json')
  const cached = readCache(cachePath, key)
  if (cached !== undefined) return {config: cached.config, exists: true, text: found.text, warning: cached.warning}
  const {parseConfig} = await import('./parse.ts')
  const config = parseConfig(found.text, path)
  const warning = modeWarning(path, found.stats, config)
  writeCache(cachePath, {key, config, warning})
  return {config, exists: true, text: found.text, warning}
}

/** The text of the file; undefined when there is none. CONFIG_INVALID when it is no file or too long; IO. */
export async function readConfigText(path: string): Promise<string | undefined> {
  return readConfigFile(path)?.text
}

interface FoundFile {
  readonly stats: BigIntStats
  readonly text: string
}

/** Non-blocking, so that a FIFO in its place cannot hold us. */
function readConfigFile(path: string): FoundFile | undefined {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stats = fstatSync(file, {bigint: true})
      if (!stats.isFile()) throw new OmniError('CONFIG_INVALID', `'${path}' is no file`)
      if (stats.size > MAX_BYTES) throw new OmniError('CONFIG_INVALID', `'${path}' is larger than 1 MiB`)
      return {stats, text: readFileSync(file, 'utf8')}
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (isOmniError(error)) throw error
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new OmniError('IO', `cannot read '${path}': ${reasonOf(error)}`, {cause: error})
  }
}

/** Not the content itself: a change within one tick of the clock still changes the size or the inode of a rewrite. */
const keyOf = ({mtimeNs, ctimeNs, size, ino, mode}: BigIntStats): string =>
  [CACHE_VERSION, mtimeNs, ctimeNs, size, ino, mode].join(':')

interface Cached {
  readonly key: string
  readonly config: OmniConfig
  readonly warning?: string | undefined
}

function readCache(path: string, key: string): Cached | undefined {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
    try {
      const stats = fstatSync(file)
      const isOurs = process.getuid === undefined || stats.uid === process.getuid()
      if (!stats.isFile() || !isOurs || (stats.mode & 0o077) !== 0) return undefined
      const cached: unknown = JSON.parse(readFileSync(file, 'utf8'))
      // Only we write this file (checked above), and its key names the version of its shape.
      return isRecord(cached) && cached.key === key ? (cached as unknown as Cached) : undefined
    } finally {
      closeSync(file)
    }
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** Best effort: a read-only or full home must not stop a command that only reads. No fsync: it can be lost. */
function writeCache(path: string, content: Cached): void {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    makePrivateFolder(join(path, '..'))
    writeFileSync(temporary, JSON.stringify(content), {mode: 0o600, flag: 'wx'})
    renameSync(temporary, path)
  } catch {
    try {
      rmSync(temporary, {force: true})
    } catch {
      // Then it was never there.
    }
  }
}

const SECRET_IN_CONFIG = /token|password|secret|private-?key/i

/** A file that others can read is fine until it holds a secret. */
function modeWarning(path: string, stats: BigIntStats, config: OmniConfig): string | undefined {
  if (process.platform === 'win32' || (stats.mode & 0o077n) === 0n) return undefined
  const hasSecret = config.contexts.some((context) => holdsSecret(context))
  return hasSecret ? `'${path}' holds a secret and other users can read it: chmod 600 '${path}'` : undefined
}

function holdsSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsSecret)
  if (!isRecord(value)) return false
  return Object.entries(value).some(
    ([key, item]) =>
      (typeof item === 'string' && SECRET_IN_CONFIG.test(key) && !/file|env|path/i.test(key)) || holdsSecret(item),
  )
}
