import {type Instance, type InstanceSpec, OmniError, type SnapshotInfo} from '@omni-cli/sdk'
import {createMemoryCollection} from './collection.ts'
import {type Disk, newDisk} from './disk.ts'
import type {EventLog} from './events.ts'

/** A machine as it was at one moment. */
export interface Kept {
  readonly info: SnapshotInfo
  readonly instance: Instance
  readonly disk: Disk
}

/** What machines have beside what is observed of them. */
interface Interior {
  disk: Disk
  readonly address: string
  readonly snapshots: Map<string, Kept>
  readonly console: {readonly time: string; readonly text: string}[]
}

/** Fields that `Instance` tells under other names, and those that are no state of a machine. */
const NO_SETTINGS = new Set([
  'name',
  'image',
  'type',
  'metadata',
  'tags',
  'count',
  'wait',
  'failover',
  'depends_on',
  'cloud_init_file',
])

export type Machines = ReturnType<typeof createMachines>

/** The machines themselves, with their disks, snapshots and consoles. */
export function createMachines(events: EventLog) {
  const {collection, states, found} = createMemoryCollection<InstanceSpec, Instance>({
    kind: 'instance',
    nameOf: (spec) => spec.name,
    labelsOf: (instance) => instance.labels,
    observe: (spec, before) => observeSpec(spec, before),
  })
  const interiors = new Map<string, Interior>()
  let machinesMade = 0
  const interiorOf = (name: string): Interior => {
    found(name)
    const known = interiors.get(name)
    if (known !== undefined) return known
    machinesMade++
    const address = `10.0.${machinesMade >> 8}.${(machinesMade & 255) + 1}`
    const made: Interior = {disk: newDisk(name), address, snapshots: new Map(), console: []}
    interiors.set(name, made)
    return made
  }
  return {
    collection,
    states,
    found,
    interiorOf,
    diskOf: (name: string) => interiorOf(name).disk,
    /** The machine in another state: what follows from it (addresses, times, the console) follows. */
    put(instance: Instance, status: Instance['status']): Instance {
      const {name} = instance
      states.set(name, instance)
      const {address, console} = interiorOf(name)
      const isRunning = status === 'running'
      const now = new Date().toISOString()
      const isBoot = isRunning && (instance.status !== 'running' || instance.startedAt === undefined)
      if (isBoot) console.push({time: now, text: `${name} has booted`})
      const changed: Instance = {
        ...instance,
        status,
        addresses: isRunning ? addressesOf(instance, address) : [],
        startedAt: isRunning ? (isBoot ? now : instance.startedAt) : undefined,
        snapshotCount: interiorOf(name).snapshots.size,
      }
      states.set(name, changed)
      if (instance.status !== status || isBoot)
        events.add(`instance/${name}`, `instance.${isRunning ? 'started' : status}`)
      return changed
    },
    forget(name: string): void {
      states.delete(name)
      interiors.delete(name)
    },
    /** A new machine with a disk of its own. CONFLICT when the name is taken. */
    add(instance: Instance, disk: Disk): Instance {
      if (states.has(instance.name)) throw new OmniError('CONFLICT', `instance '${instance.name}' exists already`)
      states.set(instance.name, instance)
      interiorOf(instance.name).disk = new Map(disk)
      events.add(`instance/${instance.name}`, 'instance.created')
      return instance
    },
  }
}

/** What reading back says of a spec; what the machine does by itself stays as it was. */
export function observeSpec(spec: InstanceSpec, before: Instance | undefined): Instance {
  const settings = Object.entries(spec).filter(([key, value]) => !NO_SETTINGS.has(key) && value !== undefined)
  const tags = Object.fromEntries((spec.tags ?? []).map((tag) => [tag, 'true']))
  return {
    ...(before ?? {status: 'stopped', addresses: [], createdAt: new Date().toISOString()}),
    name: spec.name,
    type: spec.type,
    image: spec.image,
    cpus: spec.cpus,
    memoryBytes: spec.memory,
    diskBytes: spec.disk,
    labels: {...tags, ...spec.metadata},
    location: spec.location,
    settings: Object.fromEntries(settings),
  }
}

function addressesOf({settings}: Instance, address: string): string[] {
  const {type, ipv4 = 'auto'} = settings?.network ?? {}
  if (type === 'none') return []
  return [ipv4 === 'auto' ? address : ipv4]
}
