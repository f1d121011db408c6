import {type CallOptions, type EventFacet, OmniError, type OmniEvent, throwIfAborted} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient} from '../client/client.ts'

const eventWire = z.object({
  type: z.string(),
  timestamp: z.string(),
  project: z._default(z.string(), 'default'),
  metadata: z.optional(
    z.object({
      action: z.string(),
      source: z.string(),
      name: z._default(z.string(), ''),
      requestor: z.nullish(z.object({username: z._default(z.string(), ''), protocol: z._default(z.string(), '')})),
      context: z.nullish(z.record(z.string(), z.unknown())),
    }),
  ),
})

/** How many events wait for a slow reader before Incus is made to wait. */
const AHEAD = 100

/** What happens to the things of the project, while it is followed: Incus keeps no events. */
export function createEvents(client: IncusClient): EventFacet {
  return {
    async *read({since, follow = false, ref, ...options} = {}) {
      if (since !== undefined) {
        throw new OmniError('UNSUPPORTED', 'Incus keeps no events: there is nothing from before', {
          hint: 'omni events --follow',
        })
      }
      if (!follow) return
      let id = 0
      for await (const text of framesOf(client, options)) {
        const event = eventOf(text, client.project)
        if (event !== undefined && (ref === undefined || event.ref === ref)) yield {id: ++id, ...event}
      }
    },
  }
}

/** UNAVAILABLE when the connection ends: what happens then is not known. */
async function* framesOf(client: IncusClient, {signal}: CallOptions): AsyncGenerator<string> {
  throwIfAborted(signal)
  const socket = await client.socket('/events', {type: 'lifecycle', project: client.project}, {signal})
  const waiting: string[] = []
  const state = {isClosed: false, wake: Promise.withResolvers<void>(), taken: Promise.withResolvers<void>()}
  const end = () => {
    state.isClosed = true
    state.wake.resolve()
  }
  signal?.addEventListener('abort', end, {once: true})
  void socket.closed.then(end)
  socket.onFrame(async (data) => {
    waiting.push(data.toString('utf8'))
    state.wake.resolve()
    while (waiting.length >= AHEAD && !state.isClosed) {
      state.taken = Promise.withResolvers()
      await state.taken.promise
    }
  })
  try {
    for (;;) {
      for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) {
        state.taken.resolve()
        yield text
      }
      throwIfAborted(signal)
      if (state.isClosed) throw ended(client)
      await state.wake.promise
      state.wake = Promise.withResolvers()
      if (state.isClosed) state.wake.resolve()
    }
  } finally {
    signal?.removeEventListener('abort', end)
    end()
    state.taken.resolve()
    socket.close()
  }
}

const ended = ({url}: IncusClient) =>
  new OmniError('UNAVAILABLE', `${url} has ended the stream of events`, {retryable: true, hint: 'run it again'})

/** Undefined for what is no event about a thing of the project. */
export function eventOf(text: string, project: string): Omit<OmniEvent, 'id'> | undefined {
  const parsed = eventWire.safeParse(parseJson(text))
  if (!parsed.success || parsed.data.metadata === undefined || parsed.data.project !== project) return undefined
  const {timestamp, metadata} = parsed.data
  const {action, source, requestor, context} = metadata
  const by = requestor?.username ? ` by ${requestor.username}` : ''
  const ref = refOf(source)
  return {
    time: new Date(timestamp).toISOString(),
    ref,
    // `instance-snapshot-created` → `instance.snapshot.created`
    type: action.replaceAll('-', '.'),
    message: `${ref.replace(/^.*\//, '')}: ${action.replaceAll('-', ' ')}${by}`,
    ...(context === undefined || context === null ? {} : {details: context}),
  }
}

/** `/1.0/instances/web/snapshots/s1?project=team` → `instance/web`. */
function refOf(source: string): string {
  const path = source.replace(/\?.*$/, '')
  const [, kind, name = ''] = /^\/1\.0\/([a-z-]+)\/([^/]+)/.exec(path) ?? []
  return kind === undefined ? path : `${kind.replace(/s$/, '')}/${decodeURIComponent(name)}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
