import {formatBytes, type Instance, type InstanceStatus} from '@omni-cli/sdk'
import type {Tone} from '@omni-cli/sdk/cli'
import {age, factLines, labelText} from './cells.ts'
import {defineKind} from './kind.ts'

const TONE = {
  running: 'good',
  starting: 'warn',
  stopping: 'warn',
  stopped: 'dim',
  frozen: 'dim',
  error: 'bad',
  unknown: 'warn',
} as const satisfies Record<InstanceStatus, Tone>

export const instanceKind = defineKind<Instance, 'instance'>({
  kind: 'instance',
  plural: 'instances',
  short: ['vm', 'vms', 'machine', 'machines'],
  contract: 'instance',
  columns: [
    {header: 'NAME', value: ({name}) => name},
    {header: 'STATUS', value: ({status}) => status, tone: ({status}) => TONE[status]},
    {header: 'TYPE', value: ({type}) => type},
    {header: 'ADDRESS', value: ({addresses}) => addresses[0]},
    {header: 'AGE', value: ({createdAt}) => age(createdAt), align: 'right'},
    {header: 'CPUS', value: ({cpus}) => cpus, align: 'right', wide: true},
    {header: 'MEMORY', value: ({memoryBytes}) => size(memoryBytes), align: 'right', wide: true},
    {header: 'DISK', value: ({diskBytes}) => size(diskBytes), align: 'right', wide: true},
    {header: 'IMAGE', value: ({image}) => image, wide: true},
    {header: 'LOCATION', value: ({location}) => location, wide: true},
    {header: 'LABELS', value: ({labels}) => labelText(labels), wide: true},
  ],
  list: (provider, options) => provider.list(options),
  get: (provider, name, options) => provider.get(name, options),
  remove: (provider, name, options) => provider.remove(name, options),
  labelsOf: ({labels}) => labels,
  lines: (instance) =>
    factLines({
      name: instance.name,
      status: instance.status,
      type: instance.type,
      image: instance.image,
      cpus: instance.cpus,
      memory: size(instance.memoryBytes),
      disk: size(instance.diskBytes),
      addresses: instance.addresses.join(', '),
      location: instance.location,
      labels: labelText(instance.labels),
      created: instance.createdAt,
    }),
})

const size = (bytes: number | undefined) => (bytes === undefined ? undefined : formatBytes(bytes))
