import {Readable} from 'node:stream'
import {
  type CopyFacet,
  type ExportFacet,
  type Instance,
  OmniError,
  type SnapshotFacet,
  throwIfAborted,
} from '@omni-cli/sdk'
import {type Disk, type DiskEntry, readAll} from './disk.ts'
import type {Kept, Machines} from './machines.ts'

/** Snapshots hold the disk and the settings, not the labels. */
export function memorySnapshots({found, interiorOf, put}: Machines): SnapshotFacet {
  const recount = (name: string) => put(found(name), found(name).status)
  return {
    canExpire: true,
    list: async (name, {signal} = {}) => {
      throwIfAborted(signal)
      return [...interiorOf(name).snapshots.values()].map(({info}) => info)
    },
    async create(name, snapshot, {signal, expiresAt} = {}) {
      throwIfAborted(signal)
      const {snapshots, disk} = interiorOf(name)
      if (snapshots.has(snapshot)) throw new OmniError('CONFLICT', `snapshot '${snapshot}' of '${name}' exists already`)
      const info = {
        name: snapshot,
        createdAt: new Date().toISOString(),
        ...(expiresAt === undefined ? {} : {expiresAt}),
      }
      snapshots.set(snapshot, {info, instance: found(name), disk: new Map(disk)})
      recount(name)
      return info
    },
    async restore(name, snapshot, {signal} = {}) {
      throwIfAborted(signal)
      const interior = interiorOf(name)
      const {disk, instance} = needSnapshot(interior.snapshots, name, snapshot)
      const now = found(name)
      interior.disk = new Map(disk)
      const {cpus, memoryBytes, diskBytes, settings} = instance
      put({...now, cpus, memoryBytes, diskBytes, settings, startedAt: undefined}, now.status)
    },
    async remove(name, snapshot, {signal} = {}) {
      throwIfAborted(signal)
      interiorOf(name).snapshots.delete(snapshot)
      recount(name)
    },
  }
}

/** Copies of machines or of their snapshots: stopped, and nobody's. */
export function memoryCopies({found, interiorOf, add, put}: Machines): CopyFacet {
  return {
    async copy(name, to, {signal, snapshot} = {}) {
      throwIfAborted(signal)
      const {snapshots, disk} = interiorOf(name)
      const kept = snapshot === undefined ? undefined : needSnapshot(snapshots, name, snapshot)
      const instance = kept?.instance ?? found(name)
      const copied = {...instance, name: to, labels: foreignLabels(instance), createdAt: new Date().toISOString()}
      return put(add({...copied, settings: withoutMac(instance.settings)}, kept?.disk ?? disk), 'stopped')
    },
  }
}

const END = '#end'

/** A machine as lines of JSON with an end, so that half of one is told from a whole one. */
export function memoryExport({found, interiorOf, add, put}: Machines): ExportFacet {
  return {
    extension: '.jsonl',
    async read(name, {signal} = {}) {
      throwIfAborted(signal)
      const disk = [...interiorOf(name).disk].map(([path, entry]) => [
        path,
        {...entry, content: entry.content?.toString('base64')},
      ])
      const text = `${JSON.stringify(found(name))}\n${JSON.stringify(disk)}\n${END}\n`
      return {body: Readable.from([Buffer.from(text)]), sizeBytes: Buffer.byteLength(text)}
    },
    async write(name, body, {signal} = {}) {
      throwIfAborted(signal)
      const [instance = '', disk = '', end] = (await readAll(body)).toString().split('\n')
      throwIfAborted(signal)
      if (end !== END) throw new OmniError('IO', 'the file is not whole')
      // Only `read` writes such files.
      const entries = JSON.parse(disk) as [string, Omit<DiskEntry, 'content'> & {content?: string}][]
      const files: Disk = new Map(
        entries.map(([path, {content, ...entry}]) => [
          path,
          content === undefined ? entry : {...entry, content: Buffer.from(content, 'base64')},
        ]),
      )
      const kept = JSON.parse(instance) as Instance
      return put(
        add({...kept, name, labels: foreignLabels(kept), settings: withoutMac(kept.settings)}, files),
        'stopped',
      )
    },
  }
}

function needSnapshot(snapshots: ReadonlyMap<string, Kept>, name: string, snapshot: string): Kept {
  const kept = snapshots.get(snapshot)
  if (kept === undefined) throw new OmniError('NOT_FOUND', `no snapshot '${snapshot}' of '${name}'`)
  return kept
}

const foreignLabels = ({labels}: Instance) =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => !key.startsWith('omni.')))

function withoutMac(settings: Instance['settings']): Instance['settings'] {
  if (settings?.network?.mac === undefined) return settings
  const {mac: _, ...network} = settings.network
  return {...settings, network}
}
