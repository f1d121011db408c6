import {isAbort, isOmniError, type LogOptions, OmniError, reasonOf} from '@omni-cli/sdk'
import type {KubeClient, PodName} from '../../client/kube-client.ts'
import type {PodGroup} from '../flavour.ts'
import {type LineMark, linesOf, parseLine, type StampedLine} from './log-times.ts'
import {type ContainerStatus, containerOf, type Pod} from './pod.ts'

export type LogClient = Pick<KubeClient, 'list' | 'logs' | 'watch'>

/** A container that has written something. */
export interface LogSource {
  readonly pod: PodName
  readonly container: string
  readonly restarts: number
  /** It has ended before, and what it wrote then is another text than what it writes now. */
  readonly hasPrevious: boolean
}

/**
 * The container whose lines tell most: the main one, once it has started; before that the init container that runs or has
 * failed, else the last that ran. Undefined while nothing has started.
 */
export function logSource(pod: Pod, group: PodGroup): LogSource | undefined {
  const {containerStatuses = [], initContainerStatuses = []} = pod.status ?? {}
  const main = containerOf(pod, group)
  const candidates = [...initContainerStatuses.toReversed(), ...containerStatuses.filter(({name}) => name !== main)]
  const status = [...containerStatuses.filter(({name}) => name === main), ...candidates].find(hasStarted)
  if (status === undefined) return undefined
  const {name: container, restartCount: restarts = 0, state} = status
  return {
    pod: {namespace: group.namespace, name: pod.metadata.name},
    container,
    restarts,
    // While it waits, the current log is that of the one before.
    hasPrevious: restarts > 0 && state?.waiting === undefined,
  }
}

const hasStarted = ({state, lastState}: ContainerStatus): boolean =>
  state?.running !== undefined || state?.terminated !== undefined || lastState?.terminated !== undefined

export interface ReadSource extends Pick<LogOptions, 'tail' | 'since' | 'follow' | 'signal'> {
  readonly previous?: boolean | undefined
  readonly replica: string
  /** Remembers what was read. */
  readonly mark: LineMark
}

/** A connection that is lost in the middle is told as that. */
async function* whole(stream: NodeJS.ReadableStream, pod: string): AsyncGenerator<Buffer | string> {
  try {
    yield* stream
  } catch (error) {
    if (isOmniError(error) || isAbort(error)) throw error
    throw new OmniError('UNAVAILABLE', `the log of '${pod}' was cut off: ${reasonOf(error)}`, {cause: error})
  }
}

const OF_KUBELET = /^(?:rpc error: code = |unable to retrieve container logs|failed to (?:watch|open|create) )/

/** Lines of one stream; what the mark has seen is left out. */
export async function* readSource(
  client: Pick<KubeClient, 'logs'>,
  {pod, container}: LogSource,
  {replica, mark, tail, follow, previous, signal, since}: ReadSource,
): AsyncGenerator<readonly StampedLine[]> {
  const isNew = mark.resume()
  const from = mark.since() ?? since
  const stream = await client.logs(pod, {container, follow, previous, signal, tail, since: from, timestamps: true})
  let before: StampedLine | undefined
  for await (const texts of linesOf(whole(stream, pod.name))) {
    const lines: StampedLine[] = []
    for (const text of texts) {
      // What has no time of its own belongs to the line before, unless the kubelet says it: of a log that is gone.
      const line = parseLine(text, replica) ?? (before === undefined ? undefined : {...before, text})
      if (line === undefined || OF_KUBELET.test(text)) continue
      before = line
      if (!isNew(line) || (since !== undefined && line.time < since)) continue
      mark.take(line)
      lines.push(line)
    }
    if (lines.length > 0) yield lines
  }
}
