import {mapLimit} from '@omni-cli/sdk'
import type {RuntimeInstance} from '../runtime.ts'
import {addressOf, type Whereabouts} from './address.ts'
import type {Entry} from './book.ts'
import type {DockerContext} from './context.ts'
import type {Engine} from './engine/engine.ts'
import {isRefusal} from './engine/failure.ts'
import {exitOf} from './exit.ts'
import {orcaIdentities} from './foreign.ts'
import {type Identity, identityOf, isOrcas, type Labels, OMNI, ORCA} from './labels.ts'
import {isEndedName} from './names.ts'
import {type RoomPlace, roomIn} from './room-place.ts'
import {type Container, containerSchema, read, type Summary, summarySchema} from './wire.ts'

/** A container that concerns this server. */
export interface Seen {
  readonly id: string
  readonly name: string
  readonly labels: Labels
  readonly identity: Identity
  readonly isForeign: boolean
  readonly isRunning: boolean
  /** Kept for its logs alone. */
  readonly isEnded: boolean
  readonly summary: Summary
}

const ABSENT = ['removing']
const RUNNING = ['running', 'paused', 'restarting']
const QUESTIONS_AT_ONCE = 8

/** All that are ours, or an Orca's, in one question. */
export async function seeContainers(context: DockerContext): Promise<Seen[]> {
  const {engine, owner, adoptions, book} = context
  const filters = JSON.stringify({label: [`${ORCA.managed}=true`]})
  const answer = await engine.call('GET', '/containers/json', {query: {all: true, filters}})
  const summaries = read(summarySchema.array(), answer, 'list of containers')
  const foreign = orcaIdentities(summaries.filter(({Labels, Id}) => isOrcas(Labels ?? {}) && !adoptions.find(Id)))
  const isStillRunning = await stillRunning(context, summaries)
  return summaries.flatMap((summary) => {
    const {Id: id, State} = summary
    const labels = summary.Labels ?? {}
    const own = labels[OMNI.owner] === owner ? identityOf(labels) : adoptions.find(id)
    const identity = own ?? foreign.get(id)
    if (identity === undefined || ABSENT.includes(State)) return []
    const name = (summary.Names?.[0] ?? '').replace(/^\//, '')
    const isRunning = isStillRunning(summary)
    const isEnded = !isRunning && (isEndedName(name) || book.entries.get(id)?.isForgotten === true)
    return [{id, name, labels, identity, isForeign: own === undefined, isRunning, isEnded, summary}]
  })
}

/** The list shows a container as running for a moment after its end was told; one that we know to have ended is looked at. */
async function stillRunning({engine, book}: DockerContext, summaries: readonly Summary[]) {
  const running = summaries.filter(({State}) => RUNNING.includes(State))
  const doubtful = running.filter(({Id}) => book.entries.get(Id)?.exit !== undefined)
  const ended = new Set<string>()
  await mapLimit(doubtful, QUESTIONS_AT_ONCE, async ({Id}) => {
    if ((await inspect(engine, Id))?.State.Running !== true) ended.add(Id)
  })
  return ({Id, State}: Summary): boolean => RUNNING.includes(State) && !ended.has(Id)
}

/** Those that run, and those that have ended and nobody has dealt with. */
export async function listInstances(context: DockerContext): Promise<RuntimeInstance[]> {
  const {book, machine, adoptions} = context
  const [{isDirect}, seen] = await Promise.all([machine(), seeContainers(context)])
  await adoptions.keepOnly(new Set(seen.map(({id}) => id)))
  book.names.clear()
  for (const {id, name} of seen) book.names.set(id, name)
  const shown = seen.filter(({isEnded, name}) => !isEnded && !book.making.has(name))
  const found = await mapLimit(shown, QUESTIONS_AT_ONCE, async (container) => {
    const {id, identity, isRunning, isForeign, summary, labels} = container
    const entry = book.open(id, identity)
    if (isRunning) entry.exit = undefined
    const isKnown = !entry.isStale && (isRunning || entry.exit !== undefined)
    if (!isKnown && !(await study(context, entry))) return []
    const room = roomIn(summary.HostConfig?.NetworkMode)
    const own = {networks: summary.NetworkSettings?.Networks ?? {}, published: summary.Ports ?? []}
    const where = room === undefined ? own : await placeIn(context, room)
    if (isRunning) entry.address = addressOf({labels, isDirect, ...where})
    return [{...instanceOf(entry), ...(isForeign ? {isForeign} : {})}]
  })
  return found.flat()
}

/** Asks for the details of one container; false when it is gone. */
export async function study(context: DockerContext, entry: Entry): Promise<boolean> {
  const {engine, machine, book} = context
  const [{isDirect}, container] = await Promise.all([machine(), inspect(engine, entry.id)])
  if (container === undefined) return false
  const {State, NetworkSettings, LogPath, Config, HostConfig, Name} = container
  book.names.set(entry.id, Name.replace(/^\//, ''))
  entry.isStale = false
  entry.startedAt = State.StartedAt
  entry.pid = State.Pid > 0 ? State.Pid : undefined
  entry.logPath = LogPath || undefined
  entry.isUnlimited = HostConfig.Memory === 0
  entry.exit = State.Running ? undefined : (entry.exit ?? exitOf(container, entry.signals))
  const room = roomIn(HostConfig.NetworkMode)
  const own = {networks: NetworkSettings?.Networks ?? {}, published: publishedIn(NetworkSettings?.Ports ?? {})}
  const where = room === undefined ? own : await placeIn(context, room)
  entry.address = addressOf({labels: Config.Labels ?? {}, isDirect, ...where})
  return true
}

/** Networks and ports of the room that a container lives in. */
async function placeIn({rooms}: DockerContext, room: string): Promise<Pick<Whereabouts, 'networks' | 'published'>> {
  const place = await rooms.place(room)
  return {networks: place?.networks ?? {}, published: publishedIn(place?.ports ?? {})}
}

const publishedIn = (ports: RoomPlace['ports']): Whereabouts['published'] =>
  Object.entries(ports).flatMap(([key, bindings]) =>
    (bindings ?? []).map(({HostIp, HostPort}) => ({
      ...{IP: HostIp, PublicPort: Number(HostPort)},
      ...{PrivatePort: Number.parseInt(key, 10), Type: key.split('/')[1] ?? ''},
    })),
  )

/** Undefined when it is gone. */
export async function inspect(engine: Engine, id: string): Promise<Container | undefined> {
  try {
    return read(containerSchema, await engine.call('GET', `/containers/${encodeURIComponent(id)}/json`), 'container')
  } catch (error) {
    if (isRefusal(error, 404)) return undefined
    throw error
  }
}

export function instanceOf({id, identity, startedAt, exit, address, pid}: Entry): RuntimeInstance {
  const {service, index, release} = identity
  // The end can be all that is known.
  const common = {id, service, index, release, startedAt: startedAt || (exit?.at ?? '')}
  if (exit !== undefined) return {...common, state: 'exited', exit}
  return {
    ...common,
    state: 'running',
    ...(address === undefined ? {} : {address}),
    ...(pid === undefined ? {} : {pid}),
  }
}
