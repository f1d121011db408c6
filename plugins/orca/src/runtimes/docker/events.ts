import {messageOf, sleep} from '@omni-cli/sdk'
import type {DockerContext} from './context.ts'
import {type EngineEvent, eventSchema} from './wire.ts'

export interface EventOptions {
  readonly signal: AbortSignal
  readonly onEvent: (event: EngineEvent) => void
  /** The Engine answers again after it did not; events may be lost. */
  readonly onResumed: () => void
}

const FILTERS = JSON.stringify({
  type: ['container', 'network'],
  event: ['start', 'die', 'oom', 'kill', 'destroy', 'rename', 'disconnect', 'remove'],
})
const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 2000
/** Events are asked for from a moment before the last one, and those that are known are left out. */
const OVERLAP_MS = 1000
const REMEMBERED = 1024

/** All that happens from the call on, until the signal; the connection is made again when it is lost. */
export async function followEvents(context: DockerContext, {signal, onEvent, onResumed}: EventOptions): Promise<void> {
  const {engine, machine, log} = context
  const begunMs = Date.now()
  const known = new Set<string>()
  let lastNano: number | undefined
  let waitMs = FIRST_WAIT_MS
  let isLost = false
  const since = async () => {
    const fromMs = lastNano === undefined ? begunMs + (await machine()).clockOffsetMs : lastNano / 1e6 - OVERLAP_MS
    return (fromMs / 1000).toFixed(3)
  }
  const take = (event: EngineEvent) => {
    const nano = event.timeNano ?? event.time * 1e9
    const key = `${nano}/${event.Actor.ID}/${event.Action}/${event.Actor.Attributes?.container ?? ''}`
    if (known.has(key)) return
    known.add(key)
    if (known.size > REMEMBERED) for (const oldest of known.values().take(REMEMBERED / 2)) known.delete(oldest)
    lastNano = Math.max(lastNano ?? 0, nano)
    onEvent(event)
  }
  while (!signal.aborted) {
    try {
      const query = {since: await since(), filters: FILTERS}
      const stream = await engine.stream('GET', '/events', {query, signal})
      if (isLost) onResumed()
      isLost = false
      waitMs = FIRST_WAIT_MS
      for await (const line of lines(stream)) {
        const event = eventSchema.safeParse(JSON.parse(line))
        if (event.success) take(event.data)
      }
    } catch (error) {
      if (signal.aborted) return
      log.debug('no events of the Docker Engine', {problem: messageOf(error)})
    }
    isLost = true
    await sleep(waitMs, signal).catch(() => undefined)
    waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2)
  }
}

async function* lines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = rest.subarray(0, end).toString('utf8').trim()
      rest = rest.subarray(end + 1)
      if (line !== '') yield line
    }
  }
}
