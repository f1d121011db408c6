import {homedir} from 'node:os'
import {resolve} from 'node:path'
import {get, itemsOf, type Node, type Place, textAt, textOf} from './node.ts'
import type {Notes} from './notes.ts'

export interface ServiceVolumes {
  readonly volume?: {readonly path: string} | undefined
  readonly mounts?: string[] | undefined
}

interface Mount {
  readonly source: string
  readonly target: string
  readonly isNamed: boolean
  readonly isReadOnly: boolean
  readonly place: Place
}

export interface VolumeSurroundings {
  readonly root: Node
  readonly project: string
  readonly folder: string
  /** Named volumes that more than one service has. */
  readonly shared: ReadonlySet<string>
  readonly notes: Notes
}

/**
 * The first named volume that is the service's own becomes its `volume`; further ones and those that are shared are
 * mounted by name, folders of the host by their absolute path.
 */
export function volumesOf(service: Node, surroundings: VolumeSurroundings): ServiceVolumes {
  const {root, shared, notes} = surroundings
  const mounts = itemsOf(get(service, 'volumes')).flatMap((item) => readMount(item, surroundings))
  const isOwn = ({isNamed, isReadOnly, source}: Mount) =>
    isNamed && !isReadOnly && !shared.has(source) && !isElsewhere(get(get(root, 'volumes'), source))
  const own = mounts.find(isOwn)
  if (own !== undefined) {
    const name = volumeName(own.source, surroundings)
    const kept = `to use them: mounts = ["${name}:${own.target}"] instead of volume`
    notes.add(own.place, `the volume is new and empty; the data of compose stay in its volume '${name}' (${kept})`)
  }
  const others = mounts.filter((mount) => mount !== own).map((mount) => mountText(mount, surroundings))
  return {volume: own && {path: own.target}, mounts: others.length === 0 ? undefined : others}
}

/** Names of volumes that several services have. */
export function sharedVolumes(services: Iterable<Node>): Set<string> {
  const [seen, shared] = [new Set<string>(), new Set<string>()]
  for (const service of services) {
    const names = itemsOf(get(service, 'volumes')).flatMap((item) => {
      const source = item.kind === 'map' ? textAt(item, 'source') : textOf(item)?.split(':')[0]
      return source !== undefined && isName(source) ? [source] : []
    })
    for (const name of new Set(names)) (seen.has(name) ? shared : seen).add(name)
  }
  return shared
}

const isName = (source: string): boolean => /^[A-Za-z0-9][\w.-]*$/.test(source)

/** Made by somebody else, or with a driver that the name alone would not tell. */
const isElsewhere = (volume: Node | undefined): boolean => isExternal(volume) || get(volume, 'driver') !== undefined

const isExternal = (volume: Node | undefined): boolean =>
  textAt(volume, 'external') === 'true' || get(volume, 'external')?.kind === 'map'

function mountText({source, target, isNamed, isReadOnly}: Mount, around: VolumeSurroundings): string {
  return `${isNamed ? volumeName(source, around) : source}:${target}${isReadOnly ? ':ro' : ''}`
}

/** What Docker calls the volume that compose has made, or only uses. */
function volumeName(source: string, {root, project}: VolumeSurroundings): string {
  const volume = get(get(root, 'volumes'), source)
  return textAt(volume, 'name') ?? (isExternal(volume) ? source : `${project}_${source}`)
}

function readMount(item: Node, {folder, notes}: VolumeSurroundings): Mount[] {
  const {place} = item
  const leaveOut = (why: string): Mount[] => {
    notes.add(place, why)
    return []
  }
  const {type, source, target, options} = item.kind === 'map' ? longForm(item) : shortForm(textOf(item) ?? '')
  if (target === undefined || !target.startsWith('/'))
    return leaveOut('the volume is left out: it has no absolute path inside')
  if (type === 'tmpfs' || type === 'npipe' || type === 'cluster' || type === 'image') {
    return leaveOut(`the ${type} at ${target} is left out: omni has none`)
  }
  if (source === undefined || source === '')
    return leaveOut(`the volume without a name at ${target} is left out: its data are not kept`)
  const known = options.filter((option) => ['ro', 'rw', 'z', 'Z'].includes(option))
  if (known.length < options.length)
    notes.add(
      place,
      `options of the volume are left out: ${options.filter((option) => !known.includes(option)).join(', ')}`,
    )
  const isReadOnly = known.includes('ro')
  if (type === 'volume' || (type === undefined && isName(source))) {
    return [{source, target, isNamed: true, isReadOnly, place}]
  }
  const path = source.replace(/^~(?=\/|$)/, homedir())
  const absolute = resolve(folder, path)
  if (absolute.includes(':') || target.includes(':'))
    return leaveOut(`the mount at ${target} is left out: its path has a ':'`)
  return [{source: absolute, target, isNamed: false, isReadOnly, place}]
}

interface VolumeForm {
  readonly type?: string | undefined
  readonly source?: string | undefined
  readonly target?: string | undefined
  readonly options: readonly string[]
}

function shortForm(text: string): VolumeForm {
  const parts = text.split(':')
  if (parts.length === 1) return {target: parts[0], options: []}
  return {source: parts[0], target: parts[1], options: (parts[2] ?? '').split(',').filter((option) => option !== '')}
}

const longForm = (item: Node): VolumeForm => ({
  type: textAt(item, 'type') ?? 'volume',
  source: textAt(item, 'source') ?? textAt(item, 'src'),
  target: textAt(item, 'target') ?? textAt(item, 'dst') ?? textAt(item, 'destination'),
  options: textAt(item, 'read_only') === 'true' ? ['ro'] : [],
})
