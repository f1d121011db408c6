import {type CallOptions, isAbort, isOmniError, type LogOptions, requireFacet} from '@omni-cli/sdk'
import {readPieces, type SourceLine} from '../../apps/log-lines.ts'
import type {Machine} from '../workload.ts'
import {execLines} from './exec-lines.ts'
import {journalLines, syslogLine} from './parse.ts'
import {logArgv, SOURCES} from './script.ts'

type Options = Pick<LogOptions, 'tail' | 'since' | 'follow'> & CallOptions

/**
 * The log of a machine: its journal, else the file of its system log, else what its provider keeps of the console.
 * UNSUPPORTED when there is none of them.
 */
export async function* machineLog(machine: Machine, options: Options): AsyncGenerator<readonly SourceLine[]> {
  const {driver, name, state} = machine
  let isFound = false
  if (driver.exec !== undefined && state.status === 'running') {
    try {
      for await (const lines of insideLog(machine, options)) {
        isFound = true
        yield lines
      }
    } catch (error) {
      // Nothing can be run inside: the console is left.
      if (isFound || isAbort(error) || !isOmniError(error) || driver.logs === undefined) throw error
    }
    if (isFound) return
  }
  yield* readPieces(requireFacet(driver, 'logs'), name, options)
}

/** Pieces of what is kept inside, the first of them at once; none at all when nothing is kept there. */
async function* insideLog({driver, name}: Machine, options: Options): AsyncGenerator<readonly SourceLine[]> {
  const argv = logArgv(options)
  let kind: string | undefined
  let time = new Date(0).toISOString()
  const read = (line: string): readonly SourceLine[] => {
    if (line === '') return []
    if (kind === SOURCES.journal) return journalLines(name, line)
    const parsed = syslogLine(name, line, {time, nowMs: Date.now()})
    time = parsed.time
    return [parsed]
  }
  for await (const found of execLines(requireFacet(driver, 'exec'), name, {argv, signal: options.signal})) {
    const isFirst = kind === undefined
    if (isFirst) kind = found[0]
    if (kind !== SOURCES.journal && kind !== SOURCES.file) return
    const {since} = options
    const lines = (isFirst ? found.slice(1) : found).flatMap(read)
    yield since === undefined ? lines : lines.filter((line) => line.time >= since)
  }
}
