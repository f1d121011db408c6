import type {IncusRequest} from '../client/client.ts'

/*
 * What is asked of Incus, as data.
 */

type Config = Readonly<Record<string, string>>
type Devices = Readonly<Record<string, Config>>

export interface InstanceBody {
  readonly name: string
  readonly type: 'container' | 'virtual-machine'
  readonly config: Config
  readonly devices: Devices
  readonly profiles?: readonly string[] | undefined
  readonly source: Readonly<Record<string, unknown>>
  readonly start?: boolean | undefined
}

/** All that a PUT of an instance must carry. */
export interface InstancePut {
  readonly architecture: string
  readonly config: Config
  readonly devices: Devices
  readonly ephemeral: boolean
  readonly profiles: readonly string[]
  readonly stateful: boolean
  readonly description: string
}

const pathTo = (name: string) => `/instances/${encodeURIComponent(name)}`

export interface ListQuery {
  readonly filter?: string | undefined
  readonly project?: string | undefined
  /** Without the state of each, which takes Incus a program for each machine. */
  readonly brief?: boolean | undefined
}

export const listInstances = ({filter, project, brief = false}: ListQuery = {}): IncusRequest => ({
  method: 'GET',
  path: '/instances',
  query: {
    recursion: brief ? '1' : '2',
    ...(filter === undefined ? {} : {filter}),
    ...(project === undefined ? {} : {project}),
  },
})

/** With state and snapshots. The name is compared whole. */
export const getInstance = (name: string): IncusRequest => ({
  method: 'GET',
  path: pathTo(name),
  query: {recursion: '1'},
})

/** Without its state: only this form has an ETag. */
export const readInstance = (name: string): IncusRequest => ({method: 'GET', path: pathTo(name)})

export const createInstance = (body: InstanceBody, target?: string): IncusRequest => ({
  method: 'POST',
  path: '/instances',
  ...(target === undefined ? {} : {query: {target}}),
  json: body,
})

export interface StateChange {
  readonly action: 'start' | 'stop' | 'restart' | 'freeze' | 'unfreeze'
  /** Seconds; -1 is for ever. */
  readonly timeout?: number | undefined
  readonly force?: boolean | undefined
}

export const changeState = (name: string, change: StateChange): IncusRequest => ({
  method: 'PUT',
  path: `${pathTo(name)}/state`,
  json: change,
})

export const putInstance = (name: string, body: InstancePut, etag: string | undefined): IncusRequest => ({
  method: 'PUT',
  path: pathTo(name),
  json: body,
  etag,
})

/** Merges the keys into those there are; an empty text removes one. Answered at once. */
export const patchConfig = (name: string, config: Config, etag: string | undefined): IncusRequest => ({
  method: 'PATCH',
  path: pathTo(name),
  json: {config},
  etag,
})

export const removeInstance = (name: string): IncusRequest => ({method: 'DELETE', path: pathTo(name)})

export const rebuildInstance = (name: string, source: Readonly<Record<string, unknown>>): IncusRequest => ({
  method: 'POST',
  path: `${pathTo(name)}/rebuild`,
  json: {source},
})

export const moveInstance = (name: string, target: string): IncusRequest => ({
  method: 'POST',
  path: pathTo(name),
  query: {target},
  json: {name, migration: true},
})

/** A log that Incus keeps of a machine: `lxc.log`, `qemu.log`. */
export const getInstanceLog = (name: string, file: string): IncusRequest => ({
  method: 'GET',
  path: `${pathTo(name)}/logs/${encodeURIComponent(file)}`,
})

export const removeVolume = (pool: string, volume: string): IncusRequest => ({
  method: 'DELETE',
  path: `/storage-pools/${encodeURIComponent(pool)}/volumes/custom/${encodeURIComponent(volume)}`,
})

const listAll = (path: string): IncusRequest => ({method: 'GET', path, query: {recursion: '1'}})

export const listProfiles = (): IncusRequest => listAll('/profiles')
export const listImages = (): IncusRequest => listAll('/images')
export const listNetworks = (): IncusRequest => listAll('/networks')
export const listPools = (): IncusRequest => listAll('/storage-pools')
export const listOperations = (): IncusRequest => listAll('/operations')
export const listMembers = (): IncusRequest => listAll('/cluster/members')
/** Those of the server itself, which belong to no project. */
export const listWarnings = (): IncusRequest => ({
  method: 'GET',
  path: '/warnings',
  query: {recursion: '1', 'all-projects': 'true'},
})

/** Of all projects, as addresses are shared between them; without states. */
export const listBareInstances = (): IncusRequest => ({
  method: 'GET',
  path: '/instances',
  query: {recursion: '1', 'all-projects': 'true'},
})

export const getAlias = (alias: string): IncusRequest => ({
  method: 'GET',
  path: `/images/aliases/${encodeURIComponent(alias)}`,
})

export const getImage = (fingerprint: string): IncusRequest => ({method: 'GET', path: `/images/${fingerprint}`})

/** What the server knows of its own settings. */
export const getSettingsMetadata = (): IncusRequest => ({method: 'GET', path: '/metadata/configuration'})
