import {createHash} from 'node:crypto'
import {type Logger, messageOf} from '@omni-cli/sdk'
import type {InstanceRequest} from '../runtime.ts'
import {networkConfig} from './container-config.ts'
import {inspect} from './containers.ts'
import {destroy} from './end.ts'
import type {Engine} from './engine/engine.ts'
import {isRefusal} from './engine/failure.ts'
import {type Labels, OMNI} from './labels.ts'
import type {Machine} from './machine.ts'
import {aliasesOf, finalName, freeName, INTERNAL_NETWORK, networkOf} from './names.ts'
import type {Networks} from './networks.ts'
import {importRoomImage, ROOM_IMAGE} from './room-image.ts'
import type {RoomPlace} from './room-place.ts'
import {createdSchema, read, summarySchema} from './wire.ts'

/**
 * A small container that does nothing but keep the network of a replica: the replica shares it, and so does its successor
 * after a crash. To make a network is most of what the start of a container takes.
 */
export interface Room {
  readonly id: string
  /** Service, index, release and all that concerns the network. */
  readonly key: string
  /** The container that lives in it, while it is known to run. */
  user: string | undefined
  /** A container is being made for it. */
  isTaken: boolean
}

export interface Rooms {
  /** An empty one for the replica, made when there is none. Whoever takes it gives it back. */
  take(request: InstanceRequest, isPublished: boolean): Promise<Room>
  /** It does not run (any more): the next `take` makes another. */
  drop(id: string): void
  /** The container has ended: its room is empty. */
  vacate(user: string): void
  find(id: string): Room | undefined
  /** Undefined when it is gone. Remembered until `moved`. */
  place(id: string): Promise<RoomPlace | undefined>
  /** Its networks have changed. */
  moved(id: string): void
  /** Much may have changed. */
  doubt(): void
  /** Learns which there are, and removes those that nobody is in. `users`: containers that run, by their rooms. */
  sweep(users: ReadonlyMap<string, string>, isAlive: (user: string) => boolean): Promise<void>
}

export interface RoomOptions {
  readonly engine: Engine
  readonly owner: string
  readonly log: Logger
  readonly networks: Networks
  readonly machine: () => Promise<Machine>
}

export function createRooms(options: RoomOptions): Rooms {
  const {engine, owner, log} = options
  const rooms = new Map<string, Room>()
  /** Keys of those that are being made. */
  const making = new Set<string>()
  const places = new Map<string, Promise<RoomPlace | undefined>>()
  const drop = (id: string) => {
    rooms.delete(id)
    places.delete(id)
  }
  const open = (id: string, key: string): Room => {
    const room = rooms.get(id) ?? {id, key, user: undefined, isTaken: false}
    rooms.set(id, room)
    return room
  }
  return {
    drop,
    async take(request, isPublished) {
      const key = roomKey(request, isPublished)
      const empty = rooms.values().find((room) => room.key === key && room.user === undefined && !room.isTaken)
      if (empty !== undefined) {
        empty.isTaken = true
        return empty
      }
      making.add(key)
      try {
        const room = open(await makeRoom(options, request, isPublished), key)
        room.isTaken = true
        return room
      } finally {
        making.delete(key)
      }
    },
    vacate(user) {
      for (const room of rooms.values()) if (room.user === user) room.user = undefined
    },
    find: (id) => rooms.get(id),
    place(id) {
      const known = places.get(id) ?? placeOf(engine, id)
      places.set(id, known)
      known.catch(() => places.get(id) === known && places.delete(id))
      return known
    },
    moved: (id) => void places.delete(id),
    doubt: () => places.clear(),
    async sweep(users, isAlive) {
      for (const {id, key} of await listRooms(engine, owner)) {
        if (!rooms.has(id) && making.has(key)) continue
        const room = open(id, key)
        // One that was made meanwhile is not in the list.
        const known = room.user !== undefined && isAlive(room.user) ? room.user : undefined
        room.user = users.get(id) ?? known
        if (room.user !== undefined || room.isTaken) continue
        drop(id)
        await destroy({engine}, id).catch((error: unknown) =>
          log.debug('room not removed', {id, problem: messageOf(error)}),
        )
      }
    },
  }
}

/** Those of this server, running or not. */
async function listRooms(engine: Engine, owner: string): Promise<{id: string; key: string}[]> {
  const filters = JSON.stringify({label: [`${OMNI.owner}=${owner}`, OMNI.room]})
  const answer = await engine.call('GET', '/containers/json', {query: {all: true, filters}})
  return read(summarySchema.array(), answer, 'list of containers').map(({Id, Labels}) => ({
    id: Id,
    key: Labels?.[OMNI.room] ?? '',
  }))
}

async function placeOf(engine: Engine, id: string): Promise<RoomPlace | undefined> {
  const room = await inspect(engine, id)
  if (room === undefined) return undefined
  const {State, NetworkSettings} = room
  return {isRunning: State.Running, networks: NetworkSettings?.Networks ?? {}, ports: NetworkSettings?.Ports ?? {}}
}

/** Everything a successor must have in common to live in the same room. */
function roomKey(request: InstanceRequest, isPublished: boolean): string {
  const {service, index, release, spec} = request
  const network = [networkConfig(request, isPublished), spec.internal]
  const hash = createHash('sha256').update(JSON.stringify(network)).digest('hex').slice(0, 16)
  return `${service}/${index}/${release}/${hash}`
}

/** Makes and starts one; nothing of it is left when that fails. */
async function makeRoom(options: RoomOptions, request: InstanceRequest, isPublished: boolean): Promise<string> {
  const {engine, networks} = options
  const {service, index, release, spec} = request
  const name = `${freeName(finalName(service, index, spec.replicas), release)}-room`
  const json = roomConfig(options.owner, request, isPublished)
  const create = () => engine.call('POST', '/containers/create', {query: {name}, json})
  const answer = await create().catch(async (error: unknown) => {
    if (!isRefusal(error, 404) || !/no such image/i.test(error.message)) throw error
    await importRoomImage(engine, (await options.machine()).architecture)
    return await create()
  })
  const {Id: id} = read(createdSchema, answer, 'container')
  try {
    if (spec.internal) await networks.connect(INTERNAL_NETWORK, id, [`orca-${service}`])
    await engine.call('POST', `/containers/${id}/start`)
    return id
  } catch (error) {
    await destroy({engine}, id).catch(() => undefined)
    throw error
  }
}

function roomConfig(owner: string, request: InstanceRequest, isPublished: boolean): object {
  const {service, spec} = request
  const network = networkConfig(request, isPublished)
  const labels: Labels = {
    [OMNI.owner]: owner,
    [OMNI.room]: roomKey(request, isPublished),
    [OMNI.service]: service,
    [OMNI.network]: networkOf(spec),
    [OMNI.aliases]: aliasesOf(spec).join(','),
    ...(spec.internal ? {[OMNI.internal]: 'true'} : {}),
  }
  return {
    Image: ROOM_IMAGE,
    Labels: labels,
    // As the first process it does not listen to any other signal.
    StopSignal: 'SIGKILL',
    ...network,
    HostConfig: {
      ...network.HostConfig,
      LogConfig: {Type: 'none'},
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
    },
  }
}
