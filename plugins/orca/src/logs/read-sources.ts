import {type LogLine, type LogOptions, OmniError, throwIfAborted} from '@omni-cli/sdk'
import {watchChanges} from './changes.ts'
import {type BufferedSource, lastOfEach, mergeByTime} from './merge.ts'
import type {LineSource, ReadStart} from './source.ts'

export interface ReadSourcesOptions extends Omit<LogOptions, 'replica'> {
  /** While following: how often to ask what sources there are. Default 0: at every look. */
  readonly askEveryMs?: number | undefined
}

/**
 * Lines of all sources in pieces, merged by time. While following it goes on with sources that come later, read from
 * their start, and lets go of those that are no longer listed. USAGE for a `since` that is no time.
 */
export async function* readSources(
  list: () => Promise<readonly LineSource[]>,
  options: ReadSourcesOptions,
): AsyncGenerator<LogLine[]> {
  const {signal, follow = false, tail, askEveryMs = 0} = options
  throwIfAborted(signal)
  const since = options.since === undefined ? undefined : toUtc(options.since)
  const changes = follow ? watchChanges(signal) : undefined
  const sources = new Map<string, BufferedSource>()
  const tell = () => changes?.tell()
  const ask = async (start: ReadStart) => {
    const listed = await list()
    await letGo(sources, listed)
    for (const source of listed) {
      if (sources.has(source.key)) continue
      sources.set(source.key, {replica: source.replica, reader: source.open(start, tell), lines: [], next: 0})
      if (source.folder !== undefined) changes?.watch(source.folder)
    }
    return performance.now()
  }
  try {
    let askedAt = await ask({since, follow, tail})
    const first = mergeByTime([...sources.values()], signal)
    yield* tail === undefined ? first : lastOfEach(first, [...sources.values()], tail)
    while (changes !== undefined) {
      await changes.next()
      throwIfAborted(signal)
      if (performance.now() - askedAt >= askEveryMs) askedAt = await ask({since, follow})
      yield* mergeByTime([...sources.values()], signal)
    }
  } finally {
    changes?.close()
    await Promise.all([...sources.values()].map(({reader}) => reader.close()))
  }
}

/** What is no longer listed was read to its end by the look before. */
async function letGo(sources: Map<string, BufferedSource>, listed: readonly LineSource[]): Promise<void> {
  const keys = new Set(listed.map(({key}) => key))
  for (const [key, {reader}] of sources) {
    if (keys.has(key)) continue
    sources.delete(key)
    await reader.close()
  }
}

function toUtc(since: string): string {
  const time = new Date(since)
  if (!Number.isNaN(time.getTime())) return time.toISOString()
  throw new OmniError('USAGE', `'${since}' is not a time`, {hint: 'write it as 2026-01-31T12:00:00Z'})
}
