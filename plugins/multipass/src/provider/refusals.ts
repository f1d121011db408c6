import {existsSync, statSync} from 'node:fs'
import {
  type CallOptions,
  didYouMean,
  formatBytes,
  type InstanceSpec,
  OmniError,
  type Refusal,
  type WantedInstances,
} from '@omni-cli/sdk'
import {isAtLeast} from '../client/client.ts'
import {own} from '../client/own.ts'
import {get, networks} from '../client/requests.ts'
import {networksWire} from '../client/wire.ts'
import type {Driver} from './driver.ts'
import {imageWord} from './image-names.ts'
import type {Kept} from './records.ts'

/** What the rules need to know of this Multipass. */
interface Facts {
  readonly version: string | undefined
  readonly settings: Driver['settings']
  /** Words of `launch`; undefined when it cannot tell them now. */
  readonly images: ReadonlySet<string> | undefined
  /** Networks of the host; undefined when none was asked for. */
  readonly networks: readonly string[] | undefined
  readonly bridged: string | undefined
  readonly kept: Readonly<Record<string, Kept>>
}

type Problem = Omit<Refusal, 'instance'>

const problem = (path: readonly (string | number)[], message: string, hint?: string): Problem =>
  hint === undefined ? {path, message} : {path, message, hint}

/** Everything that Multipass cannot honour. Asks it for images and networks only when a machine names some. */
export async function refusals(driver: Driver, wanted: WantedInstances, options: CallOptions = {}): Promise<Refusal[]> {
  const facts = await gatherFacts(driver, wanted.instances, options)
  return wanted.instances.flatMap((spec) =>
    [
      ...kindProblems(spec),
      ...sizeProblems(spec, facts),
      ...imageProblems(spec, facts),
      ...networkProblems(spec, facts),
      ...userDataProblems(spec),
      ...mountProblems(spec),
      ...foreignProblems(spec),
    ].map((found) => ({instance: spec.name, ...found})),
  )
}

/** UNSUPPORTED, with all of it, when there is anything. */
export async function refuse(driver: Driver, spec: InstanceSpec, options: CallOptions): Promise<void> {
  const found = await refusals(driver, {instances: [spec], profiles: [], networks: []}, options)
  if (found.length === 0) return
  const lines = found.map(({path, message}) => `${path.join('.')}: ${message}`)
  throw new OmniError('UNSUPPORTED', `Multipass cannot make '${spec.name}': ${lines.join('; ')}`, {
    hint: found[0]?.hint,
    details: found,
  })
}

async function gatherFacts(driver: Driver, specs: readonly InstanceSpec[], options: CallOptions): Promise<Facts> {
  const {client, settings, version, records} = driver
  const asks = {signal: options.signal}
  const known = await Promise.all([
    driver.imageNames(options.signal),
    specs.some(({network}) => network?.name !== undefined) ? client.json(networks, networksWire, asks) : undefined,
    specs.some(({network}) => network?.bridged === true) ? client.ask(get('local.bridged-network'), asks) : undefined,
    records.read(),
  ])
  const [images, found, bridge, {instances}] = known
  options.signal?.throwIfAborted()
  const bridged = bridge?.stdout.trim().replace('<empty>', '')
  return {version, settings, images, networks: found?.list.map(({name}) => name), bridged, kept: instances}
}

function kindProblems({name, type}: InstanceSpec): Problem[] {
  return [
    ...(type === 'vm' ? [] : [problem(['type'], 'Multipass has virtual machines only', 'type: vm')]),
    // The client mounts the home folder of the user into a machine of this name, unasked.
    ...(name === 'primary'
      ? [problem(['name'], "Multipass gives your home folder to the machine 'primary'", 'use another name')]
      : []),
  ]
}

const MIB = 1024 ** 2

/** Minima of Multipass; images have a larger one of their own for the disk. */
function sizeProblems({name, memory, disk}: InstanceSpec, {version, kept}: Facts): Problem[] {
  const isNew = version !== undefined && isAtLeast(version, 1, 17)
  const [minMemory, minDisk] = isNew ? [512 * MIB, 1024 * MIB] : [128 * MIB, 512 * MIB]
  const before = own(kept, name)?.disk
  return [
    ...(memory !== undefined && memory < minMemory
      ? [
          problem(
            ['memory'],
            `${formatBytes(memory)} of memory are too few; Multipass needs at least ${formatBytes(minMemory)}`,
          ),
        ]
      : []),
    ...(disk !== undefined && disk < minDisk
      ? [
          problem(
            ['disk'],
            `${formatBytes(disk)} of disk are too few; Multipass needs at least ${formatBytes(minDisk)}`,
          ),
        ]
      : []),
    ...(disk !== undefined && before !== undefined && disk < before
      ? [
          problem(
            ['disk'],
            `a disk of Multipass only grows; '${name}' has ${formatBytes(before)}`,
            `omni delete instance/${name}`,
          ),
        ]
      : []),
  ]
}

/** The word of `launch` for an image of a plan. */
export const wordOf = (image: string, {settings, version}: Pick<Facts, 'settings' | 'version'>): string | undefined =>
  own(settings.images ?? {}, image) ?? imageWord(image, version !== undefined && isAtLeast(version, 1, 17))

/** A machine outlives the release that it was made of. */
function imageProblems({name, image}: InstanceSpec, facts: Facts): Problem[] {
  if (own(facts.kept, name)?.image === image) return []
  const word = wordOf(image, facts)
  const isListed = word === undefined || facts.images === undefined || /[:/]/.test(word) || facts.images.has(word)
  if (word !== undefined && isListed && !word.startsWith('-')) return []
  const guess = didYouMean(image, facts.images ?? [])
  return [
    problem(
      ['image'],
      `Multipass has no image '${image}'${guess === undefined ? '' : `; ${guess}`}`,
      'name one that it has (multipass find), or map it: multipass.images in the context',
    ),
  ]
}

function networkProblems({network}: InstanceSpec, {networks, bridged}: Facts): Problem[] {
  if (network === undefined) return []
  const at = (key: string, message: string, hint?: string) => problem(['network', key], message, hint)
  return [
    ...(network.type === 'bridge' ? [] : [at('type', `Multipass has no network of the type '${network.type}'`)]),
    ...(network.ipv4 === 'auto' ? [] : [at('ipv4', 'Multipass has no fixed addresses', 'ipv4: auto')]),
    ...(network.mac !== undefined && network.name === undefined
      ? [at('mac', 'Multipass sets the hardware address of a further network only', 'give network.name, too')]
      : []),
    ...(network.name !== undefined && networks !== undefined && !networks.includes(network.name)
      ? [at('name', `this host has no network '${network.name}' for machines`, 'multipass networks')]
      : []),
    ...(network.bridged === true && bridged === ''
      ? [at('bridged', 'no network of this host is chosen for it', 'multipass set local.bridged-network=NAME')]
      : []),
  ]
}

function userDataProblems({cloud_init}: InstanceSpec): Problem[] {
  if (typeof cloud_init !== 'string' || /^#cloud-config\s*(\n|$)/.test(cloud_init)) return []
  return [
    problem(
      ['cloud_init'],
      'Multipass takes a cloud-config only; its first line is #cloud-config, no script and no MIME',
    ),
  ]
}

const mountProblems = ({mounts = []}: InstanceSpec): Problem[] =>
  mounts.flatMap(({source, readonly}, index) => [
    ...(readonly ? [problem(['mounts', index, 'readonly'], 'Multipass mounts nothing read-only')] : []),
    ...(isFolder(source) ? [] : [problem(['mounts', index, 'source'], `'${source}' is no folder of this host`)]),
  ])

const isFolder = (path: string) => existsSync(path) && statSync(path).isDirectory()

/** Keys that nothing here corresponds to. */
function foreignProblems(spec: InstanceSpec): Problem[] {
  const none = (key: keyof InstanceSpec, message: string): Problem[] => {
    const value = spec[key]
    const isEmpty = value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)
    return isEmpty ? [] : [problem([key], message)]
  }
  return [
    ...none('ports', 'Multipass forwards no ports; its machines are reached by their addresses'),
    ...none('profiles', 'Multipass has no profiles'),
    ...none('config', 'Multipass has no further settings of a machine'),
    ...none('devices', 'Multipass has no devices'),
    ...none('location', 'Multipass runs on this host only'),
    ...none('autostart', 'Multipass itself starts again what ran when the host went down'),
    ...(spec.wait?.ready === true
      ? [problem(['wait', 'ready'], 'a machine of Multipass cannot say that it is ready', 'use wait.exec')]
      : []),
  ]
}
