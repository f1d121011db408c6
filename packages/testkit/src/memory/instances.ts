import {Readable} from 'node:stream'
import {buffer} from 'node:stream/consumers'
import {
  type ExecFacet,
  type FileFacet,
  type Instance,
  type InstanceProvider,
  type InstanceSpec,
  OmniError,
  type SnapshotFacet,
  type SnapshotInfo,
} from '@omni-cli/sdk'
import {createMemoryCollection} from './collection.ts'

type Files = Map<string, Buffer>

/** Machines in memory: keeps every promise of `InstanceProvider`, with all facets but logs. */
export function createMemoryInstances(): InstanceProvider & {readonly states: Map<string, Instance>} {
  const {collection, states, found} = createMemoryCollection<InstanceSpec, Instance>({
    kind: 'instance',
    nameOf: (spec) => spec.name,
    labelsOf: (instance) => instance.labels,
    observe: observeInstance,
  })
  const disks = new Map<string, Files>()
  const diskOf = (name: string): Files => {
    found(name)
    const disk = disks.get(name) ?? new Map<string, Buffer>()
    disks.set(name, disk)
    return disk
  }
  const setStatus = (status: Instance['status']) => async (name: string) => {
    const instance = {...found(name), status}
    states.set(name, instance)
    return instance
  }
  return {
    ...collection,
    name: 'memory',
    traits: {types: ['container', 'vm'], mutable: ['cpus', 'memory', 'metadata'], labels: true},
    states,
    check: async () => ({ok: true, version: '1'}),
    refusals: async () => [],
    start: setStatus('running'),
    stop: setStatus('stopped'),
    async remove(name, options) {
      await collection.remove(name, options)
      disks.delete(name)
    },
    snapshots: memorySnapshots(diskOf, disks),
    files: memoryFiles(diskOf),
    exec: memoryExec((name) => found(name)),
  }
}

function observeInstance(spec: InstanceSpec, before: Instance | undefined): Instance {
  return {
    name: spec.name,
    status: before?.status ?? 'running',
    type: spec.type,
    image: spec.image,
    cpus: spec.cpus,
    memoryBytes: spec.memory,
    diskBytes: spec.disk,
    addresses: before?.addresses ?? ['10.0.0.2'],
    labels: spec.metadata ?? {},
    createdAt: before?.createdAt ?? new Date().toISOString(),
  }
}

function memorySnapshots(diskOf: (name: string) => Files, disks: Map<string, Files>): SnapshotFacet {
  const kept = new Map<string, Map<string, {info: SnapshotInfo; files: Files}>>()
  const of = (name: string) => {
    diskOf(name)
    const snapshots = kept.get(name) ?? new Map<string, {info: SnapshotInfo; files: Files}>()
    kept.set(name, snapshots)
    return snapshots
  }
  return {
    list: async (name) => [...of(name).values()].map(({info}) => info),
    async create(name, snapshot) {
      if (of(name).has(snapshot)) throw new OmniError('CONFLICT', `snapshot '${snapshot}' of '${name}' exists already`)
      const info = {name: snapshot, createdAt: new Date().toISOString()}
      of(name).set(snapshot, {info, files: new Map(diskOf(name))})
      return info
    },
    async restore(name, snapshot) {
      const entry = of(name).get(snapshot)
      if (entry === undefined) throw new OmniError('NOT_FOUND', `no snapshot '${snapshot}' of '${name}'`)
      disks.set(name, new Map(entry.files))
    },
    async remove(name, snapshot) {
      of(name).delete(snapshot)
    },
  }
}

function memoryFiles(diskOf: (name: string) => Files): FileFacet {
  return {
    async read(name, path) {
      const content = diskOf(name).get(path)
      if (content === undefined) throw new OmniError('NOT_FOUND', `no file '${path}' in '${name}'`)
      return Readable.from([content])
    },
    async write(name, path, content) {
      diskOf(name).set(path, await buffer(content))
    },
    async stat(name, path) {
      const content = diskOf(name).get(path)
      return content === undefined ? undefined : {name: path, type: 'file', sizeBytes: content.length}
    },
    async list(name, path) {
      const within = `${path}/`
      return [...diskOf(name)]
        .filter(([file]) => file.startsWith(within) && !file.slice(within.length).includes('/'))
        .map(([file, content]) => ({name: file.slice(within.length), type: 'file', sizeBytes: content.length}))
    },
    async makeFolder(name) {
      diskOf(name)
    },
    async makeSymlink(name) {
      diskOf(name)
    },
  }
}

/** Knows `printf %s TEXT` and `sh -c 'exit N'`: enough to prove that arguments and statuses pass. */
function memoryExec(found: (name: string) => Instance): ExecFacet {
  return {
    async run(name, [program, ...rest], options = {}) {
      found(name)
      if (program === 'printf') {
        options.onStdout?.(Buffer.from(rest[1] ?? ''))
        return {exitCode: 0}
      }
      const status = program === 'sh' ? /^exit (\d+)$/.exec(rest[1] ?? '')?.[1] : '127'
      return {exitCode: Number(status ?? 0)}
    },
  }
}
