import {
  type CallOptions,
  type EventFacet,
  type EventOptions,
  type ObjectKind,
  type OmniEvent,
  throwIfAborted,
} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {type ClusterEvent, toEvent} from './event-map.ts'

type EventClient = Pick<KubeClient, 'list' | 'watch' | 'findKind' | 'namespace'>

const EVENT_KIND: ObjectKind = {
  ...{group: '', version: 'v1', kind: 'Event', plural: 'events', singular: 'event', short: ['ev'], namespaced: true},
  verbs: ['get', 'list', 'watch'],
}

/**
 * What the cluster has noted about services and what belongs to them, in the namespace of the context. The cluster forgets
 * it after an hour, mostly. What happens again is told again, with a new id.
 */
export function createEvents(client: EventClient): EventFacet {
  return {
    async *read(options = {}) {
      const {signal, follow, since = 0} = options
      const served = await namesOfServed(client, {signal})
      const wanted = (event: ClusterEvent): OmniEvent[] => {
        const mapped = toEvent(event, served)
        const isWanted = mapped !== undefined && mapped.id > since && isAbout(mapped, options)
        return isWanted ? [mapped] : []
      }
      if (follow !== true) {
        const {namespace} = client
        const events = await client.list<ClusterEvent>(EVENT_KIND, {namespace, signal})
        yield* events.flatMap(wanted).toSorted((a, b) => a.id - b.id)
        return
      }
      yield* followed(client, wanted, options)
    },
  }
}

const isAbout = ({ref}: OmniEvent, options: EventOptions): boolean => options.ref === undefined || ref === options.ref

async function namesOfServed(client: EventClient, {signal}: CallOptions): Promise<ReadonlySet<string>> {
  const kind = await client.findKind('inferenceservices.ome.io', {signal})
  if (kind === undefined) return new Set()
  const services = await client.list(kind, {namespace: client.namespace, signal})
  return new Set(services.map(({metadata}) => metadata.name))
}

/** Those that are there first, in their order; each version of an event once. */
async function* followed(
  client: EventClient,
  wanted: (event: ClusterEvent) => OmniEvent[],
  {signal}: EventOptions,
): AsyncGenerator<OmniEvent> {
  const told = new Map<unknown, number>()
  let first: OmniEvent[] | undefined = []
  for await (const {type, object} of client.watch(EVENT_KIND, {namespace: client.namespace, signal})) {
    if (type === 'synced') {
      yield* (first ?? []).toSorted((a, b) => a.id - b.id)
      first = undefined
      continue
    }
    const {uid} = object.metadata
    if (type === 'deleted') {
      told.delete(uid)
      continue
    }
    const events = wanted(object).filter(({id}) => id > (told.get(uid) ?? 0))
    for (const event of events) told.set(uid, event.id)
    if (first === undefined) yield* events
    else first.push(...events)
  }
  throwIfAborted(signal)
}
