import {access, constants} from 'node:fs/promises'
import type {LogLine, LogOptions} from '@omni-cli/sdk'
import type {LogFile} from '../logs/source.ts'

/** How often files are asked for while following. */
const ASK_MS = 1_000

/** Ways to the logs of a service. */
export interface LogWays {
  /** The files that the server reads itself; undefined for a server that may be on another machine. */
  readonly files: (() => Promise<readonly LogFile[]>) | undefined
  /** What the server sends. */
  readonly lines: () => AsyncIterable<LogLine>
}

/** Lines of a service in pieces: from its files when all of them can be read here, else as the server sends them. */
export async function* readLogPieces({files, lines}: LogWays, options: LogOptions): AsyncGenerator<readonly LogLine[]> {
  const readable = files === undefined ? undefined : await readableFiles(files)
  if (files === undefined || readable === undefined) {
    for await (const line of lines()) yield [line]
    return
  }
  const [{fileSource}, {readSources}] = await Promise.all([
    import('../logs/file-source.ts'),
    import('../logs/read-sources.ts'),
  ])
  let known: readonly LogFile[] | undefined = readable
  const list = async () => {
    const now = known ?? (await files())
    known = undefined
    return now.map(fileSource)
  }
  yield* readSources(list, {...options, askEveryMs: ASK_MS})
}

/** Undefined when there are none, or one that cannot be read, or the server is too old to tell: it knows better. */
async function readableFiles(files: () => Promise<readonly LogFile[]>): Promise<readonly LogFile[] | undefined> {
  try {
    const found = await files()
    await Promise.all(found.map(({path}) => access(path, constants.R_OK)))
    return found.length === 0 ? undefined : found
  } catch {
    return undefined
  }
}
