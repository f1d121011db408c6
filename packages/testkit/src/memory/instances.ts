import {
  type CallOptions,
  type ChangeKind,
  type ImageInfo,
  type Instance,
  type InstanceProvider,
  type InstanceSpec,
  type InstanceUsage,
  type NodeFacet,
  type NodeInfo,
  OmniError,
  type Refusal,
  throwIfAborted,
} from '@omni-cli/sdk'
import {memoryCopies, memoryExport, memorySnapshots} from './copies.ts'
import {newDisk} from './disk.ts'
import {createEventLog} from './events.ts'
import {memoryFiles} from './files.ts'
import {createMachines, type Machines, observeSpec} from './machines.ts'
import {memoryExec, type Program} from './programs.ts'
import {memoryNetworks, memoryProfiles} from './surroundings.ts'

export interface MemoryInstancesOptions {
  /** Images that there are, e.g. `debian/12`. Default: any. */
  readonly images?: readonly string[] | undefined
  /** Asked before the programs that every machine has; undefined for one that it does not know. */
  readonly program?: Program | undefined
  /** Members of the cluster. Default: it is none. */
  readonly nodes?: readonly string[] | undefined
}

export interface MemoryInstances extends InstanceProvider {
  /** What is observed, to look at and to change behind the driver's back. */
  readonly states: Map<string, Instance>
}

const LIVE = ['cpus', 'metadata', 'tags', 'profiles', 'config', 'devices', 'ports', 'mounts', 'autostart', 'protect']
const RESTART = ['memory', 'disk', 'network']
const REBUILD = ['image', 'cloud_init']

/** Machines in memory: keeps every promise of `InstanceProvider` with all of its facets. */
export function createMemoryInstances(options: MemoryInstancesOptions = {}): MemoryInstances {
  const events = createEventLog()
  const machines = createMachines(events)
  const [profiles, networks] = [memoryProfiles(machines), memoryNetworks(machines)]
  const refusals: InstanceProvider['refusals'] = async ({instances, ...made}, call) => {
    const known = {
      images: options.images,
      nodes: options.nodes ?? [],
      profiles: [...made.profiles, ...(await profiles.list(call)).map(({name}) => name)],
      networks: [...made.networks, ...(await networks.list(call)).map(({name}) => name)],
    }
    return instances.flatMap((spec) => refusalsOf(spec, known))
  }
  const need = async (spec: InstanceSpec, call: CallOptions | undefined) => {
    const [first] = await refusals({instances: [spec], profiles: [], networks: []}, call)
    if (first !== undefined) throw new OmniError('UNSUPPORTED', `instance '${spec.name}' ${first.message}`)
  }
  return {
    ...machines.collection,
    ...verbs(machines, need),
    name: 'memory',
    traits: {
      types: ['container', 'vm'],
      mutable: [...LIVE, ...RESTART],
      rebuildable: REBUILD,
      readable: ['type', 'image', 'location', ...LIVE, ...RESTART, 'cloud_init'].filter((field) => field !== 'tags'),
      labels: true,
    },
    states: machines.states,
    check: async () => ({ok: true, version: '1'}),
    changeKinds: async (_, paths) => Object.fromEntries(paths.map((path) => [path, kindOf(path)])),
    refusals,
    snapshots: memorySnapshots(machines),
    files: memoryFiles(machines.diskOf),
    exec: memoryExec({...machines, program: options.program}),
    logs: memoryLogs(machines),
    copies: memoryCopies(machines),
    images: {list: async () => (options.images ?? ['debian/12', 'ubuntu:22.04']).map(imageOf)},
    networks,
    profiles,
    metrics: {read: async () => usages(machines)},
    export: memoryExport(machines),
    install: {plan: async () => ({isReady: true, steps: [], remarks: []})},
    events: events.facet,
    ...(options.nodes === undefined ? {} : {nodes: memoryNodes(options.nodes)}),
  }
}

/** The methods that change machines. */
function verbs(
  machines: Machines,
  need: (spec: InstanceSpec, call: CallOptions | undefined) => Promise<void>,
): Required<Pick<InstanceProvider, 'create' | 'update' | 'remove' | 'start' | 'stop' | 'restart' | 'rebuild'>> {
  const {found, put, add, forget, interiorOf} = machines
  const setStatus = (status: Instance['status']) => async (name: string, call?: CallOptions) => {
    throwIfAborted(call?.signal)
    return put(found(name), status)
  }
  return {
    start: setStatus('running'),
    stop: setStatus('stopped'),
    async restart(name, call) {
      throwIfAborted(call?.signal)
      return put({...found(name), startedAt: undefined}, 'running')
    },
    async create(spec, call) {
      throwIfAborted(call?.signal)
      await need(spec, call)
      return put(add(observeSpec(spec, undefined), newDisk(spec.name)), 'running')
    },
    async update(name, spec, call) {
      throwIfAborted(call?.signal)
      const before = found(name)
      await need(spec, call)
      const {image, cloud_init: userData} = {image: before.image, ...before.settings}
      const {cloud_init: _, ...rest} = observeSpec({...spec, name}, before).settings ?? {}
      const settings = userData === undefined ? rest : {...rest, cloud_init: userData}
      const after = {...observeSpec({...spec, name, type: before.type}, before), image, settings}
      const restarts = RESTART.some((field) => !isSame(fieldOf(before, field), fieldOf(after, field)))
      return put(restarts ? {...after, startedAt: undefined} : after, before.status)
    },
    async rebuild(name, spec, call) {
      throwIfAborted(call?.signal)
      const before = found(name)
      await need(spec, call)
      interiorOf(name).disk = newDisk(name)
      return put({...observeSpec({...spec, name, type: before.type}, before), startedAt: undefined}, 'running')
    },
    async remove(name, call) {
      throwIfAborted(call?.signal)
      if (machines.states.get(name)?.settings?.protect === true) {
        throw new OmniError('CONFLICT', `instance '${name}' is protected`, {hint: 'set `protect: false` and apply it'})
      }
      forget(name)
    },
  }
}

const fieldOf = (instance: Instance, field: string): unknown =>
  ({...instance.settings, memory: instance.memoryBytes, disk: instance.diskBytes})[field]

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

function kindOf(path: string): ChangeKind {
  const field = path.split('.')[0] ?? ''
  if (LIVE.includes(field)) return 'live'
  if (RESTART.includes(field)) return 'restart'
  return REBUILD.includes(field) ? 'rebuild' : 'replace'
}

interface Known {
  readonly images: readonly string[] | undefined
  readonly nodes: readonly string[]
  readonly profiles: readonly string[]
  readonly networks: readonly string[]
}

function refusalsOf({name, image, profiles = [], network, location}: InstanceSpec, known: Known): Refusal[] {
  const found: Refusal[] = []
  const refuse = (path: Refusal['path'], message: string) => found.push({instance: name, path, message})
  if (known.images?.includes(image) === false) refuse(['image'], `there is no image '${image}'`)
  for (const [index, profile] of profiles.entries()) {
    if (!known.profiles.includes(profile)) refuse(['profiles', index], `there is no profile '${profile}'`)
  }
  if (network?.name !== undefined && !known.networks.includes(network.name)) {
    refuse(['network', 'name'], `there is no network '${network.name}'`)
  }
  if (location !== undefined && !known.nodes.includes(location))
    refuse(['location'], `there is no member '${location}'`)
  return found
}

function memoryLogs({interiorOf}: Machines): NonNullable<InstanceProvider['logs']> {
  return {
    async *read(name, {tail, since = '', signal} = {}) {
      throwIfAborted(signal)
      const lines = interiorOf(name).console.filter(({time}) => time >= since)
      for (const line of lines.slice(tail === undefined ? 0 : Math.max(0, lines.length - tail))) {
        yield {...line, stream: 'stdout', replica: name}
      }
    },
  }
}

const imageOf = (name: string): ImageInfo => ({name, source: 'local'})

const usages = ({states}: Machines): InstanceUsage[] =>
  [...states.values()]
    .filter(({status}) => status === 'running')
    .map(({name, memoryBytes}) => ({name, cpuSeconds: 1, memoryTotalBytes: memoryBytes, processes: 1}))

function memoryNodes(ids: readonly string[]): NodeFacet {
  const nodes = new Map<string, NodeInfo>(
    ids.map((id) => [id, {id, address: id, labels: {}, draining: false, lastSeen: new Date().toISOString()}]),
  )
  const setDraining = (draining: boolean) => async (id: string) => {
    const node = nodes.get(id)
    if (node === undefined) throw new OmniError('NOT_FOUND', `there is no member '${id}'`)
    const changed = {...node, draining}
    nodes.set(id, changed)
    return changed
  }
  return {list: async () => [...nodes.values()], drain: setDraining(true), undrain: setDraining(false)}
}
