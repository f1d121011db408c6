import {access, constants} from 'node:fs/promises'
import {type LogLine, type LogOptions, throwIfAborted} from '@omni-cli/sdk'
import {fileSource} from '../../../logs/file-source.ts'
import {readSources} from '../../../logs/read-sources.ts'
import type {LineSource, LogFile} from '../../../logs/source.ts'
import type {Engine} from '../engine/engine.ts'
import {engineSource} from './engine-source.ts'

/** A container whose output belongs to a replica. */
export interface LogSource {
  readonly id: string
  readonly replica: string
  /** File of Docker's `json-file` driver, on the machine of the Engine. */
  readonly logPath?: string | undefined
  readonly isRunning: boolean
}

/** How often containers are listed while following. */
const ASK_MS = 1_000

/**
 * Lines of all containers, merged by time: from Docker's own files when they can be read here, else through the Engine.
 * While following, `sources` is asked again and again: new containers join, those that are gone end.
 */
export async function* readServiceLogs(
  engine: Engine,
  sources: () => Promise<LogSource[]>,
  options: LogOptions,
): AsyncGenerator<LogLine> {
  const {replica: wanted, signal} = options
  const list = async (): Promise<LineSource[]> => {
    const listed = (await sources()).filter(({replica}) => isWanted(replica, wanted))
    return Promise.all(listed.map((source) => toLineSource(engine, source)))
  }
  for await (const lines of readSources(list, {...options, askEveryMs: ASK_MS})) {
    for (const line of lines) {
      throwIfAborted(signal)
      yield line
    }
  }
}

/** Docker's own files behind the logs; none when the Engine, or one of them, is not of this machine. */
export function logFilesOf(engine: Engine, sources: readonly LogSource[], wanted: string | undefined): LogFile[] {
  const files = sources
    .filter(({replica}) => isWanted(replica, wanted))
    .map(({replica, logPath}) => ({replica, path: logPath ?? '', format: 'json-file' as const}))
  return engine.isLocal && files.every(({path}) => path.endsWith('-json.log')) ? files : []
}

/** The last lines of one container, oldest first. */
export async function lastContainerLines(engine: Engine, source: LogSource, count: number): Promise<string[]> {
  const lines = readServiceLogs(engine, async () => [source], {tail: count})
  return (await Array.fromAsync(lines)).map(({text}) => text)
}

/** By name or index. */
const isWanted = (replica: string, wanted: string | undefined): boolean =>
  wanted === undefined || replica === wanted || replica.slice(replica.lastIndexOf('-') + 1) === wanted

async function toLineSource(engine: Engine, source: LogSource): Promise<LineSource> {
  const {id, replica, logPath} = source
  if (engine.isLocal && logPath?.endsWith('-json.log') && (await isReadable(logPath))) {
    return {...fileSource({replica, path: logPath, format: 'json-file'}), key: id}
  }
  return engineSource(engine, {id, replica})
}

const isReadable = (path: string): Promise<boolean> =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  )
