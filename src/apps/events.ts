import {type EventFacet, isOmniError, nameProblem, OmniError, type OmniEvent, sleep} from '@omni-cli/sdk'
import {type ListView, listView, type Tone} from '@omni-cli/sdk/cli'
import {instanceKind} from '../resources/instance.ts'
import {serviceKind} from '../resources/service.ts'

/** Events that are shown when nothing says since when. */
const DEFAULT_COUNT = 100
const FIRST_WAIT_MS = 250
const LAST_WAIT_MS = 5_000

export interface EventQuery {
  /** `service/web`. */
  readonly ref?: string | undefined
  /** RFC 3339; default: the newest 100. */
  readonly since?: string | undefined
  /** Pattern: `replica.*`. */
  readonly type?: string | undefined
  readonly follow: boolean
  readonly signal: AbortSignal
  /** For a person: the server is away, or back. */
  readonly notice: (text: string) => void
}

/** `web`, `service/web` → what an event is about. USAGE for anything else. */
export function eventRef(text: string): string {
  const [kind, name, ...more] = text.includes('/') ? text.split('/') : ['service', text]
  const isRef = kind !== undefined && /^[a-z]+$/.test(kind) && name !== undefined && nameProblem(name) === undefined
  if (isRef && more.length === 0) return `${kind}/${name}`
  throw new OmniError('USAGE', `'${text}' names nothing that has events: SERVICE or KIND/NAME`, {hint: 'omni events'})
}

/**
 * Whose events a target means: `instances` and `vm/web` those of instances, all else those of services.
 * @param given name, when the text is the word of a kind: `service web`
 */
export function eventSource(
  target: string | undefined,
  given?: string | undefined,
): {
  readonly contract: 'service' | 'instance'
  readonly ref: string | undefined
} {
  const text = given === undefined ? target : `${kindIn(target ?? '')}/${given}`
  const [kind = '', name] = text?.split('/') ?? []
  const {kind: instance, plural, short} = instanceKind
  if ([instance, plural, ...short].includes(kind)) {
    return {contract: 'instance', ref: name === undefined ? undefined : eventRef(`${instance}/${name}`)}
  }
  return {contract: 'service', ref: text === undefined ? undefined : eventRef(text)}
}

/** `svc` → `service`; other words stay, and name nothing that has events. */
const kindIn = (word: string): string =>
  [serviceKind, instanceKind].find(({kind, plural, short}) => [kind, plural, ...short].includes(word))?.kind ?? word

/** Events oldest first; with `follow` also those to come, over restarts of the server, each once. */
export async function* readEvents(facet: EventFacet, query: EventQuery): AsyncGenerator<OmniEvent> {
  const isWanted = wantedBy(query)
  const call = {ref: query.ref, signal: query.signal}
  let last = 0
  const newest: OmniEvent[] = []
  for await (const event of facet.read(call)) {
    last = event.id
    if (!isWanted(event)) continue
    if (query.since !== undefined) yield event
    else if (newest.push(event) > DEFAULT_COUNT) newest.shift()
  }
  yield* newest
  if (!query.follow) return
  for await (const event of followEvents(facet, last, query)) if (isWanted(event)) yield event
}

async function* followEvents(facet: EventFacet, after: number, query: EventQuery): AsyncGenerator<OmniEvent> {
  const {ref, signal, notice} = query
  let last = after
  let waitMs = FIRST_WAIT_MS
  for (;;) {
    try {
      for await (const event of facet.read({ref, signal, follow: true, ...(last === 0 ? {} : {since: last})})) {
        last = event.id
        waitMs = FIRST_WAIT_MS
        yield event
      }
    } catch (error) {
      if (signal.aborted || !isOmniError(error) || error.code !== 'UNAVAILABLE') throw error
    }
    // The server has ended, which for one that starts again is only a pause.
    if (waitMs === FIRST_WAIT_MS * 2) notice('the server does not answer; waiting for it')
    await sleep(waitMs, signal)
    waitMs = Math.min(waitMs * 2, LAST_WAIT_MS)
  }
}

function wantedBy({since, type}: EventQuery): (event: OmniEvent) => boolean {
  const pattern = type === undefined ? undefined : new RegExp(`^${type.split('*').map(escapePattern).join('.*')}$`)
  const sinceMs = since === undefined ? undefined : Date.parse(since)
  return (event) =>
    (pattern === undefined || pattern.test(event.type)) && (sinceMs === undefined || Date.parse(event.time) >= sinceMs)
}

const escapePattern = (text: string): string => text.replace(/[\\^$.+?()[\]{}|]/g, '\\$&')

/** Events as a table that grows. */
export const eventsView = (events: AsyncIterable<OmniEvent>): ListView<OmniEvent> =>
  listView({
    rows: events,
    ref: ({id}) => `event/${id}`,
    empty: 'nothing has happened',
    columns: [
      {header: 'TIME', value: ({time}) => time, tone: () => 'dim'},
      {header: 'TYPE', value: ({type}) => type, tone: ({type}) => toneOf(type)},
      {header: 'ABOUT', value: ({ref}) => ref},
      {header: 'MESSAGE', value: ({message}) => message},
      {header: 'ID', value: ({id}) => id, wide: true, align: 'right'},
    ],
  })

function toneOf(type: string): Tone {
  if (/fail|crash|error|oom|unhealthy|backoff/.test(type)) return 'bad'
  if (/exit|stop|restart|abort|removed/.test(type)) return 'warn'
  return /succeeded|ready|promoted|healthy/.test(type) ? 'good' : 'plain'
}
