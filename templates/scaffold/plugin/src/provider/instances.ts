import {type CallOptions, type Instance, type InstanceProvider, type InstanceSpec, OmniError, type Refusal} from '@omni-cli/sdk'
import {openRecords} from './records.ts'

/** Machines of __Name__. */
export function createInstances(folder: string): InstanceProvider {
  const records = openRecords(folder)

  async function change(name: string, options: CallOptions | undefined, next: (known: Instance) => Instance) {
    options?.signal?.throwIfAborted()
    return records.change((all) => {
      const known = all.get(name)
      if (known === undefined) throw new OmniError('NOT_FOUND', `there is no instance '${name}'`)
      const changed = next(known)
      all.set(name, changed)
      return changed
    })
  }

  return {
    name: '__name__',
    traits: {types: ['container', 'vm'], mutable: ['cpus', 'memory', 'disk', 'metadata', 'tags'], labels: true},
    check: async () => ({ok: true}),
    refusals: async ({instances}) => instances.flatMap(refusalsOf),

    async list({labels = {}, signal} = {}) {
      signal?.throwIfAborted()
      const wanted = Object.entries(labels)
      return [...(await records.read()).values()].filter((one) => wanted.every(([key, value]) => one.labels[key] === value))
    },
    async get(name, options) {
      options?.signal?.throwIfAborted()
      return (await records.read()).get(name)
    },
    async create(spec, options) {
      options?.signal?.throwIfAborted()
      return records.change((all) => {
        if (all.has(spec.name)) throw new OmniError('CONFLICT', `instance '${spec.name}' exists already`)
        const created: Instance = {...observed(spec), ...RUNNING, createdAt: new Date().toISOString()}
        all.set(spec.name, created)
        return created
      })
    },
    update: (name, spec, options) => change(name, options, (known) => ({...known, ...observed(spec)})),
    async remove(name, options) {
      options?.signal?.throwIfAborted()
      await records.change((all) => all.delete(name))
    },
    start: (name, options) => change(name, options, (known) => ({...known, ...RUNNING})),
    stop: (name, options) => change(name, options, (known) => ({...known, status: 'stopped', addresses: []})),
  }
}

/** Where a machine would be reached if there were one. */
const RUNNING = {status: 'running', addresses: ['192.0.2.1']} as const

/** Fields that are kept, and those that `omni` itself takes care of. */
const HONOURED = new Set(['name', 'type', 'image', 'cpus', 'memory', 'disk', 'metadata', 'tags', 'count', 'wait', 'failover', 'depends_on'])

/** Everything else is refused: nothing of a plan may be dropped. */
const refusalsOf = (spec: InstanceSpec): Refusal[] =>
  Object.entries(spec)
    .filter(([field, value]) => value !== undefined && !HONOURED.has(field))
    .map(([field]) => ({instance: spec.name, path: [field], message: `'__name__' has no ${field}`}))

/** What reading back says of a spec. */
const observed = ({name, type, image, cpus, memory, disk, metadata = {}, tags = []}: InstanceSpec) => ({
  name,
  type,
  image,
  cpus,
  memoryBytes: memory,
  diskBytes: disk,
  labels: {...Object.fromEntries(tags.map((tag) => [tag, 'true'])), ...metadata},
})
