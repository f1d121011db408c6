import {
  type CallOptions,
  formatBytes,
  type Instance,
  type InstanceProvider,
  type InstanceStatus,
  type SnapshotInfo,
} from '@omni-cli/sdk'
import type {TextLine, Tone} from '@omni-cli/sdk/cli'
import {age, factLines, labelText, planOf} from './cells.ts'
import {defineKind} from './kind.ts'
import {maskSettings} from './mask-settings.ts'

export const INSTANCE_TONE = {
  running: 'good',
  starting: 'warn',
  stopping: 'warn',
  stopped: 'dim',
  frozen: 'dim',
  error: 'bad',
  unknown: 'warn',
} as const satisfies Record<InstanceStatus, Tone>

/** As `describe` shows it. */
type DescribedInstance = Instance & {readonly snapshots?: readonly SnapshotInfo[] | undefined}

export const instanceKind = defineKind<DescribedInstance, 'instance'>({
  kind: 'instance',
  plural: 'instances',
  short: ['vm', 'vms', 'machine', 'machines'],
  contract: 'instance',
  columns: [
    {header: 'NAME', value: ({name}) => name},
    {header: 'STATUS', value: ({status}) => status, tone: ({status}) => INSTANCE_TONE[status]},
    {header: 'TYPE', value: ({type}) => type},
    {header: 'IP', value: ({addresses}) => addresses[0]},
    {header: 'IMAGE', value: ({image}) => image},
    {header: 'AGE', value: ({createdAt}) => age(createdAt), align: 'right'},
    {header: 'CPUS', value: ({cpus}) => cpus, align: 'right', wide: true},
    {header: 'MEMORY', value: memoryText, align: 'right', wide: true},
    {header: 'DISK', value: ({diskBytes}) => size(diskBytes), align: 'right', wide: true},
    {header: 'SNAPSHOTS', value: ({snapshotCount}) => snapshotCount, align: 'right', wide: true},
    {header: 'LOCATION', value: ({location}) => location, wide: true},
    {header: 'PLAN', value: ({labels}) => planOf(labels), wide: true},
    {header: 'LABELS', value: ({labels}) => labelText(labels), wide: true},
  ],
  list: (provider, options) => provider.list(options),
  get: (provider, name, options) => provider.get(name, options),
  remove: (provider, name, options) => provider.remove(name, options),
  describe: withSnapshots,
  labelsOf: ({labels}) => labels,
  withoutSecrets: withoutMachineSecrets,
  changeKey: ({memoryUsedBytes: _, ...instance}) => JSON.stringify(instance),
  lines: describeInstance,
})

/** A machine as it may be printed. */
export function withoutMachineSecrets<Machine extends Instance>({settings, ...machine}: Machine) {
  return settings === undefined ? machine : {...machine, settings: maskSettings(maskConfig(settings))}
}

const maskConfig = (settings: NonNullable<Instance['settings']>): typeof settings =>
  settings.config === undefined ? settings : {...settings, config: maskSettings(settings.config)}

const size = (bytes: number | undefined) => (bytes === undefined ? undefined : formatBytes(bytes))

/** `96Mi/512Mi`, as much of it as is known. */
function memoryText({memoryBytes, memoryUsedBytes}: Instance): string | undefined {
  const [used, most] = [size(memoryUsedBytes), size(memoryBytes)]
  return used === undefined ? most : `${used}/${most ?? '-'}`
}

async function withSnapshots(
  provider: InstanceProvider,
  instance: Instance,
  options: CallOptions,
): Promise<DescribedInstance> {
  if (provider.snapshots === undefined || instance.snapshotCount === 0) return instance
  return {...instance, snapshots: await provider.snapshots.list(instance.name, options)}
}

function describeInstance(instance: DescribedInstance): TextLine[] {
  const {settings, snapshots = []} = instance
  return [
    ...factLines({
      name: instance.name,
      status: instance.status,
      type: instance.type,
      image: instance.image,
      cpus: instance.cpus,
      memory: memoryText(instance),
      disk: size(instance.diskBytes),
      addresses: instance.addresses.join(', '),
      ports: settings?.ports?.map(portText).join(', '),
      mounts: settings?.mounts?.map(({source, target}) => `${source} → ${target}`).join(', '),
      profiles: settings?.profiles?.join(', '),
      location: instance.location,
      autostart: settings?.autostart === undefined ? undefined : String(settings.autostart),
      protected: settings?.protect === true ? 'yes' : undefined,
      plan: planOf(instance.labels),
      labels: labelText(instance.labels),
      created: instance.createdAt,
      started: instance.startedAt,
    }),
    ...(snapshots.length === 0 ? [] : [[['snapshots', 'dim']] satisfies TextLine, ...snapshots.map(snapshotLine)]),
  ]
}

type Port = NonNullable<NonNullable<Instance['settings']>['ports']>[number]

const portText = ({host_ip, listen, target, protocol}: Port): string => `${host_ip}:${listen} → ${target}/${protocol}`

const snapshotLine = ({name, createdAt, expiresAt, sizeBytes}: SnapshotInfo): TextLine => {
  const facts = [createdAt, size(sizeBytes), expiresAt === undefined ? undefined : `until ${expiresAt}`]
  return [`  ${name}  `, [facts.filter((fact) => fact !== undefined).join('  '), 'dim']]
}
