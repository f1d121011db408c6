import {isOmniError, type LogFacet, type LogLine, type LogOptions} from '@omni-cli/sdk'
import type {PodGroup} from '../flavour.ts'
import {type LogClient, logSource, readSource} from './log-container.ts'
import {followPods} from './log-follow.ts'
import {mergeLines} from './log-merge.ts'
import {lineMark, type StampedLine, withoutStamp} from './log-times.ts'
import {isOver, type NumberedPod} from './order.ts'
import {listReplicas, type Pod, type PodsOf, requireGroup, requireReplica} from './pod.ts'

/** Lines of the pods of a service. Kubernetes keeps both outputs of a container as one: all lines are of `stdout`. */
export function createLogs(client: LogClient, podsOf: PodsOf): LogFacet {
  const pieces = async function* (name: string, options: LogOptions = {}): AsyncGenerator<readonly LogLine[]> {
    const {signal, replica, follow, since} = options
    const group = await requireGroup(podsOf, name, {signal})
    const numbered = await listReplicas(client, group, {signal})
    const wanted = replica === undefined ? numbered : [requireReplica(numbered, group.service, replica)]
    const isLeft = async ({pod}: NumberedPod<Pod>) => {
      const now = await listReplicas(client, group, {signal})
      return now.some((one) => one.pod.metadata.name === pod.metadata.name && !isOver(one.pod))
    }
    const asked = since === undefined ? options : {...options, since: new Date(since).toISOString()}
    const stamped =
      follow === true
        ? followPods(client, group, asked)
        : mergeLines(
            wanted.map((one) => {
              const lines = kept(client, {group, one}, asked)
              if (isOver(one.pod)) return tolerant(lines, GOING)
              return unlessGone(wanted.length > 1 ? tolerant(lines) : lines, () => isLeft(one))
            }),
          )
    for await (const lines of stamped) yield lines.map(withoutStamp)
  }
  return {
    pieces,
    async *read(name, options) {
      for await (const lines of pieces(name, options)) yield* lines
    },
  }
}

interface Kept {
  readonly group: PodGroup
  readonly one: NumberedPod<Pod>
}

/** What is kept of one pod: of its container, and of the one before it. */
async function* kept(
  client: LogClient,
  {group, one}: Kept,
  options: LogOptions,
): AsyncGenerator<readonly StampedLine[]> {
  const source = logSource(one.pod, group)
  if (source === undefined) return
  const {tail, since, signal} = options
  const read = (previous: boolean, count: number | undefined) =>
    readSource(client, source, {replica: one.replica, mark: lineMark(), tail: count, since, previous, signal})
  if (!source.hasPrevious) return yield* read(false, tail)
  if (tail === undefined) {
    yield* tolerant(read(true, tail))
    return yield* read(false, tail)
  }
  const now = await gather(read(false, tail))
  const before = now.length >= tail ? [] : await gather(tolerant(read(true, tail - now.length)))
  yield [...before, ...now]
}

async function gather(pieces: AsyncIterable<readonly StampedLine[]>): Promise<StampedLine[]> {
  const all: StampedLine[] = []
  for await (const lines of pieces) for (const line of lines) all.push(line)
  return all
}

/** Of a container that was cleaned up, or has not started. */
const GONE: readonly string[] = ['CONFLICT', 'NOT_FOUND', 'INVALID']
/** Of a pod that is just being removed kubelets fail to tell the lines in many ways. */
const GOING: readonly string[] = [...GONE, 'UNAVAILABLE']

/** A failure counts when the pod is still there. */
async function* unlessGone(
  pieces: AsyncIterable<readonly StampedLine[]>,
  isLeft: () => Promise<boolean>,
): AsyncGenerator<readonly StampedLine[]> {
  try {
    yield* pieces
  } catch (error) {
    if (!isOmniError(error) || !GOING.includes(error.code) || (await isLeft())) throw error
  }
}

/** What is gone has no lines. */
async function* tolerant(
  pieces: AsyncIterable<readonly StampedLine[]>,
  codes: readonly string[] = GONE,
): AsyncGenerator<readonly StampedLine[]> {
  try {
    yield* pieces
  } catch (error) {
    if (!isOmniError(error) || !codes.includes(error.code)) throw error
  }
}
