import {isOmniError, mapLimit} from '@omni-cli/sdk'
import {linesOf} from '../../pods/log-times.ts'
import {isOver} from '../../pods/order.ts'
import {POD_KIND, type Pod} from '../../pods/pod.ts'
import type {ContainerLines, Facts} from './facts.ts'
import type {Looking} from './gather-facts.ts'
import {containersIn, lastEnd} from './look.ts'

const LINES = 80
/** Pods of one service mostly say the same. */
const MOST = 4

/** Last lines of containers that have ended, or run and are not ready. */
export async function readLastLines(looking: Looking, facts: Facts): Promise<readonly ContainerLines[]> {
  const silent = containersIn(facts).filter((container) => {
    const {state, ready} = container.status
    return ready !== true && (state?.running !== undefined || lastEnd(container) !== undefined) && !isDone(container)
  })
  return mapLimit(silent.slice(0, MOST), MOST, async ({pod, name, status}) => {
    const place = {namespace: facts.namespace, name: pod.metadata.name}
    // A container that has just begun again has not said much.
    const previous = status.state?.running !== undefined && status.lastState?.terminated !== undefined
    const [now, before] = await Promise.all([
      readLines(looking, place, {container: name}),
      previous ? readLines(looking, place, {container: name, previous}) : [],
    ])
    return {pod: place.name, container: name, lines: [...before, ...now].slice(-LINES)}
  })
}

const isDone = (container: ReturnType<typeof containersIn>[number]): boolean =>
  container.isInit && lastEnd(container)?.exitCode === 0

/** What model agents have said of a model lately. */
export async function readAgentLines(looking: Looking, model: string): Promise<readonly string[]> {
  const {client, signal} = looking
  const namespace = client.omeNamespace
  const pods = await client.list<Pod>(POD_KIND, {namespace, signal}).catch(nothing)
  const agents = pods.filter((pod) => pod.metadata.name.includes('model-agent') && !isOver(pod))
  const lines = await mapLimit(agents.slice(0, MOST), MOST, async ({metadata}) =>
    (await readLines(looking, {namespace, name: metadata.name}, {}, 400)).filter((line) => line.includes(model)),
  )
  return lines.flat().slice(-LINES)
}

async function readLines(
  {client, signal}: Looking,
  pod: {readonly namespace: string; readonly name: string},
  which: {readonly container?: string | undefined; readonly previous?: boolean | undefined},
  tail = LINES,
): Promise<readonly string[]> {
  try {
    const all: string[] = []
    for await (const lines of linesOf(await client.logs(pod, {...which, tail, signal}))) all.push(...lines)
    return all
  } catch (error) {
    return nothing(error)
  }
}

/** Logs that are gone or forbidden tell nothing, which is no failure. */
function nothing(error: unknown): [] {
  if (isOmniError(error) && ['FORBIDDEN', 'NOT_FOUND', 'INVALID', 'CONFLICT'].includes(error.code)) return []
  throw error
}
