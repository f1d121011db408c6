import {type FSWatcher, mkdirSync, watch} from 'node:fs'
import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {type LogLine, type LogOptions, OmniError, throwIfAborted} from '@omni-cli/sdk'
import {LogCursor} from './cursor.ts'

/** Changes are told by the system; this is for file systems that tell none. */
const LOOK_EVERY_MS = 1000

interface Source {
  readonly replica: string
  readonly cursor: LogCursor
}

/** Lines of all replicas in the folder, merged by time; with `follow` also of replicas that come later. */
export async function* readLogs(folder: string, service: string, options: LogOptions = {}): AsyncGenerator<LogLine> {
  const {signal, follow, tail, replica} = options
  throwIfAborted(signal)
  const since = options.since === undefined ? undefined : toUtc(options.since)
  const changes = follow ? watchFolder(folder, signal) : undefined
  const sources = new Map<string, Source>()
  try {
    for (let isFirst = true; ; isFirst = false) {
      for (const name of await replicaNames(folder, service, replica)) {
        if (sources.has(name)) continue
        const cursor = new LogCursor(join(folder, `${name}.log`), {since, follow, ...(isFirst ? {tail} : {})})
        sources.set(name, {replica: name, cursor})
      }
      yield* mergeByTime(sources.values(), signal)
      if (changes === undefined) return
      await changes.next()
      throwIfAborted(signal)
    }
  } finally {
    changes?.close()
    await Promise.all([...sources.values()].map(({cursor}) => cursor.close()))
  }
}

/** All lines that are there now. */
async function* mergeByTime(sources: Iterable<Source>, signal: AbortSignal | undefined): AsyncGenerator<LogLine> {
  const open = new Set(sources)
  for (;;) {
    let first: Source | undefined
    for (const source of open) {
      const line = source.cursor.ready ?? (await source.cursor.peek())
      const best = first?.cursor.ready
      if (line === undefined) open.delete(source)
      else if (best === undefined || line.time < best.time) first = source
    }
    const line = first?.cursor.ready
    if (first === undefined || line === undefined) return
    throwIfAborted(signal)
    first.cursor.take()
    yield {time: line.time, stream: line.stream, replica: first.replica, text: line.text}
  }
}

async function replicaNames(folder: string, service: string, replica: string | undefined): Promise<string[]> {
  const files = await readdir(folder).catch(() => [])
  const names = files.filter((file) => file.endsWith('.log')).map((file) => file.slice(0, -'.log'.length))
  const isWanted = (name: string) => {
    const suffix = name.slice(service.length + 1)
    if (!name.startsWith(`${service}-`)) return false
    if (replica === undefined) return /^\d+$/.test(suffix)
    return (name === replica || suffix === replica) && /^(\d+|build)$/.test(suffix)
  }
  return names.filter(isWanted).sort((a, b) => a.localeCompare(b, 'en', {numeric: true}))
}

function toUtc(since: string): string {
  const time = new Date(since)
  if (!Number.isNaN(time.getTime())) return time.toISOString()
  throw new OmniError('USAGE', `'${since}' is not a time`, {hint: 'write it as 2026-01-31T12:00:00Z'})
}

interface Changes {
  /** Resolves when something may have changed since the call before. */
  next(): Promise<void>
  close(): void
}

function watchFolder(folder: string, signal: AbortSignal | undefined): Changes {
  mkdirSync(folder, {recursive: true, mode: 0o700})
  let isChanged = false
  let wake: (() => void) | undefined
  const change = () => {
    isChanged = true
    wake?.()
  }
  const watcher = tryWatch(folder, change)
  signal?.addEventListener('abort', change, {once: true})
  return {
    async next() {
      const {promise, resolve} = Promise.withResolvers<void>()
      wake = resolve
      const timer = setTimeout(resolve, LOOK_EVERY_MS)
      if (isChanged) resolve()
      await promise
      clearTimeout(timer)
      isChanged = false
    },
    close() {
      watcher?.close()
      signal?.removeEventListener('abort', change)
    },
  }
}

/** Undefined when the system has no more watches to give; then looking from time to time has to do. */
function tryWatch(folder: string, change: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, change)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
