import {messageOf} from '@omni-cli/sdk'
import {type Seen, seeContainers} from './containers.ts'
import type {DockerContext} from './context.ts'
import {destroy} from './end.ts'
import {isRefusal} from './engine/failure.ts'
import {type Labels, OMNI} from './labels.ts'
import {endedName, INTERNAL_NETWORK} from './names.ts'
import {reconnect} from './reconnect.ts'
import {roomIn} from './room-place.ts'
import type {Summary} from './wire.ts'

/** Runs `work` in the background, again when it was asked for meanwhile. */
export function createTidier(work: () => Promise<void>, onError: (error: unknown) => void) {
  let running: Promise<void> | undefined
  let isWanted = false
  const run = async () => {
    while (isWanted) {
      isWanted = false
      await work().catch(onError)
    }
    running = undefined
  }
  return {
    soon: () => {
      isWanted = true
      running ??= Promise.resolve().then(run)
    },
    settled: async () => await running,
  }
}

/**
 * Puts in order what nobody waits for: the ended get a name that says so and the older of them go, the living get their
 * final names and their networks back, networks that nobody needs are removed.
 */
export async function tidy(context: DockerContext): Promise<void> {
  const {creating, networks, book, rooms} = context
  // A start that is under way is more urgent.
  await Promise.allSettled(creating)
  const own = (await seeContainers(context)).filter(({isForeign}) => !isForeign)
  for (const container of own.filter(({isEnded}) => isEnded)) await markEnded(context, container)
  for (const {id} of surplus(own)) {
    await destroy(context, id)
    book.drop(id)
  }
  const names = new Map(own.map(({id, name}) => [id, book.names.get(id) ?? name]))
  const living = own.filter(({isRunning}) => isRunning)
  for (const container of living) {
    await giveFinalName(context, container, new Set(names.values()))
    await rejoin(context, container)
  }
  const users = new Map(living.flatMap(({id, summary}) => roomOf(summary, id)))
  await rooms.sweep(users, (id) => book.entries.has(id) && book.entries.get(id)?.exit === undefined)
  // One that is being made is not in the list.
  if (creating.size === 0) await networks.sweep(new Set(living.flatMap(networksOf)))
}

async function markEnded({book, engine, log}: DockerContext, {id, name, labels}: Seen): Promise<void> {
  const ended = endedName(labels[OMNI.name] ?? name, id)
  if (name === ended || labels[OMNI.name] === undefined) return
  await rename({book, engine, log}, id, ended)
}

/** Of each replica all but the one that ended last. */
function surplus(own: readonly Seen[]): Seen[] {
  const ended = own.filter(({isEnded}) => isEnded)
  const byReplica = Map.groupBy(ended, ({identity}) => `${identity.service}/${identity.index}`)
  return [...byReplica.values()].flatMap((same) => same.sort((a, b) => b.summary.Created - a.summary.Created).slice(1))
}

async function giveFinalName(context: DockerContext, {id, name, labels}: Seen, used: Set<string>): Promise<void> {
  const final = labels[OMNI.name]
  if (final === undefined || name === final || used.has(final) || context.book.isTaken(final)) return
  used.add(final)
  await rename(context, id, final)
}

type Renaming = Pick<DockerContext, 'book' | 'engine' | 'log'>

async function rename({book, engine, log}: Renaming, id: string, name: string): Promise<void> {
  const before = book.names.get(id)
  book.names.set(id, name)
  try {
    await engine.call('POST', `/containers/${id}/rename`, {query: {name}})
  } catch (error) {
    if (before === undefined) book.names.delete(id)
    else book.names.set(id, before)
    // Gone, or the name is taken by a stranger: it stays under the name it has.
    if (!isRefusal(error)) throw error
    log.debug('container not renamed', {id, name, problem: messageOf(error)})
  }
}

const wantedNetworks = (labels: Labels): string[] =>
  [labels[OMNI.network], labels[OMNI.internal] === undefined ? undefined : INTERNAL_NETWORK].filter(
    (name) => name !== undefined,
  )

/** Gives a living container its networks back; one whose room has ended cannot get them, and is ended as well. */
async function rejoin(context: DockerContext, {id, labels, summary}: Seen): Promise<void> {
  const room = roomIn(summary.HostConfig?.NetworkMode)
  const place = room === undefined ? undefined : await context.rooms.place(room)
  if (room !== undefined && place?.isRunning !== true) {
    context.rooms.drop(room)
    await context.engine.call('POST', `/containers/${id}/kill`)
    return
  }
  const networks = place?.networks ?? summary.NetworkSettings?.Networks
  if (wantedNetworks(labels).some((name) => networks?.[name] === undefined)) await reconnect(context, room ?? id)
}

const roomOf = ({HostConfig}: Summary, id: string): [string, string][] => {
  const room = roomIn(HostConfig?.NetworkMode)
  return room === undefined ? [] : [[room, id]]
}

const networksOf = ({labels, summary}: Seen): string[] => [
  ...wantedNetworks(labels),
  ...Object.keys(summary.NetworkSettings?.Networks ?? {}),
]
