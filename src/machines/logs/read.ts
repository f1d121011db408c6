import {isAbort, isOmniError, type LogOptions, messageOf, OmniError, requireFacet} from '@omni-cli/sdk'
import {readPieces, requireLines, type SourceLine} from '../../apps/log-lines.ts'
import type {Workload} from '../workload.ts'
import {machineLog} from './machine-log.ts'
import {mergeByTime, mergeFollowed} from './merge.ts'

export interface ReadLogOptions extends Pick<LogOptions, 'tail' | 'since' | 'replica' | 'follow'> {
  readonly signal: AbortSignal
  /** A remark: one of several cannot be read. */
  readonly notice: (text: string) => void
}

/**
 * Lines of all of them in the order of their times. What one of several cannot give does not keep the others from being
 * read: PARTIAL at the end. USAGE for a replica of an instance.
 */
export async function* readLogs(
  workloads: readonly Workload[],
  options: ReadLogOptions,
): AsyncGenerator<readonly SourceLine[]> {
  const [first, ...others] = workloads
  refuseReplica(workloads, options.replica)
  if (first === undefined) throw new OmniError('NOT_FOUND', 'there is nothing to read the log of')
  if (others.length === 0) {
    yield* logOf(first, options)
    return
  }
  const failed: string[] = []
  const sources = workloads.map((workload) => tolerant(workload, options, failed))
  yield* options.follow === true ? mergeFollowed(sources, options.signal) : mergeByTime(sources)
  if (failed.length === 0) return
  throw new OmniError('PARTIAL', `${failed.length} of ${workloads.length} could not be read: ${failed.join(', ')}`, {
    details: {failed},
  })
}

function refuseReplica(workloads: readonly Workload[], replica: string | undefined): void {
  const other = replica === undefined ? undefined : workloads.find(({kind}) => kind === 'instance')
  if (other !== undefined) {
    throw new OmniError('USAGE', `--replica is for services, and '${other.name}' is an instance`, {
      hint: 'leave out --replica',
    })
  }
}

function logOf(workload: Workload, {notice: _, ...options}: ReadLogOptions): AsyncIterable<readonly SourceLine[]> {
  if (workload.kind === 'instance') return machineLog(workload, options)
  const lines = readPieces(requireFacet(workload.driver, 'logs'), workload.name, options)
  return options.replica === undefined ? lines : requireLines(lines, workload.state, options.replica)
}

async function* tolerant(
  workload: Workload,
  options: ReadLogOptions,
  failed: string[],
): AsyncGenerator<readonly SourceLine[]> {
  try {
    yield* logOf(workload, options)
  } catch (error) {
    if (isAbort(error) || !isOmniError(error)) throw error
    failed.push(workload.name)
    options.notice(`${workload.name}: ${messageOf(error)}`)
  }
}
