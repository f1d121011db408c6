import {type CallOptions, type Instance, type InstanceProvider, type InstanceSpec, OmniError} from '@omni-cli/sdk'
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
    traits: {types: ['container', 'vm'], mutable: ['cpus', 'memory', 'disk', 'metadata'], labels: true},
    check: async () => ({ok: true}),
    refusals: async () => [],

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
        const created: Instance = {...observed(spec), status: 'running', createdAt: new Date().toISOString(), addresses: []}
        all.set(spec.name, created)
        return created
      })
    },
    update: (name, spec, options) => change(name, options, (known) => ({...known, ...observed(spec)})),
    async remove(name, options) {
      options?.signal?.throwIfAborted()
      await records.change((all) => all.delete(name))
    },
    start: (name, options) => change(name, options, (known) => ({...known, status: 'running'})),
    stop: (name, options) => change(name, options, (known) => ({...known, status: 'stopped'})),
  }
}

/** What reading back says of a spec. */
const observed = ({name, type, image, cpus, memory, disk, metadata = {}}: InstanceSpec) => ({
  name,
  type,
  image,
  cpus,
  memoryBytes: memory,
  diskBytes: disk,
  labels: metadata,
})
