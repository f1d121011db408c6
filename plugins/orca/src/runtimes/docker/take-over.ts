import type {InstanceRequest, RuntimeInstance} from '../runtime.ts'
import {containerConfig, containerEnv} from './container-config.ts'
import {inspect, instanceOf, study} from './containers.ts'
import type {DockerContext} from './context.ts'
import {isRefusal} from './engine/failure.ts'
import {isOrcas, type Labels, ORCA} from './labels.ts'
import {parseMount} from './mounts.ts'
import {INTERNAL_NETWORK, networkOf, volumeNames} from './names.ts'
import {type Container, imageSchema, read} from './wire.ts'

/** The container, when it runs and is what the request asks for. */
export async function asAsked(
  context: DockerContext,
  id: string,
  request: InstanceRequest,
): Promise<Container | undefined> {
  const container = await inspect(context.engine, id)
  if (container?.State.Running !== true || !isReplica(container.Config.Labels ?? {}, request)) return undefined
  return isSame(container, request, await imageOf(context, container.Image)) ? container : undefined
}

/** Takes over a container of an Orca when it is what the request asks for; undefined when it differs, or is gone. */
export async function takeOver(
  context: DockerContext,
  id: string,
  request: InstanceRequest,
): Promise<RuntimeInstance | undefined> {
  const {adoptions, book} = context
  const container = await asAsked(context, id, request)
  if (container === undefined) return undefined
  const volume = usedVolume(container, request)
  if (volume !== undefined && !(await adoptions.claimVolume(volume, request))) return undefined
  await adoptions.add(id, request)
  const entry = book.open(id, {service: request.service, index: request.index, release: request.release})
  return (await study(context, entry)) ? instanceOf(entry) : undefined
}

function isReplica(labels: Labels, {service, index}: InstanceRequest): boolean {
  const label = labels[ORCA.service]
  return isOrcas(labels) && ((label === service && index === 0) || label === `${service}-${index}`)
}

/** Defaults of an image, which show in its containers. */
export interface ImageDefaults {
  readonly Env?: readonly string[] | null | undefined
  readonly Cmd?: readonly string[] | null | undefined
  readonly Entrypoint?: readonly string[] | null | undefined
}

async function imageOf({engine}: DockerContext, image: string): Promise<ImageDefaults> {
  try {
    return (
      read(imageSchema, await engine.call('GET', `/images/${encodeURIComponent(image)}/json`), 'image').Config ?? {}
    )
  } catch (error) {
    if (isRefusal(error, 404)) return {}
    throw error
  }
}

/** Whether a container is what would be made for the request. Pure. */
export function isSame(container: Container, request: InstanceRequest, image: ImageDefaults): boolean {
  const {Config, HostConfig, Image} = container
  const {spec, prepared} = request
  const wanted = containerConfig(request, {owner: '', volume: undefined, isPublished: false})
  const hasOwnEntrypoint = wanted.Entrypoint !== undefined
  return (
    [Image, Config.Image].includes(prepared.location) &&
    isSameEnv(Config.Env ?? [], request, image.Env ?? []) &&
    isSameList(Config.Entrypoint, wanted.Entrypoint ?? image.Entrypoint) &&
    isSameList(Config.Cmd, wanted.Cmd ?? (hasOwnEntrypoint ? [] : image.Cmd)) &&
    (spec.user === undefined || Config.User === spec.user) &&
    (spec.working_dir === undefined || Config.WorkingDir === spec.working_dir) &&
    (spec.port === undefined || Object.hasOwn(Config.ExposedPorts ?? {}, `${spec.port}/tcp`)) &&
    (HostConfig.Memory ?? 0) === (spec.resources?.memory ?? 0) &&
    (HostConfig.NanoCpus ?? 0) === Math.round((spec.resources?.cpu ?? 0) * 1e9) &&
    (spec.resources?.gpu?.count ?? 0) === 0 &&
    (spec.extra_ports ?? []).length === 0 &&
    hasSameMounts(container, request) &&
    isOnNetworks(container, request)
  )
}

const isSameList = (a: readonly string[] | null | undefined, b: readonly string[] | null | undefined): boolean =>
  JSON.stringify(a ?? []) === JSON.stringify(b ?? [])

/** Orca sets no PORT. */
function isSameEnv(found: readonly string[], request: InstanceRequest, defaults: readonly string[]): boolean {
  const actual = new Map(found.map(pair))
  const wanted = new Map([...defaults.map(pair), ...Object.entries(containerEnv(request))])
  if (request.env.PORT === undefined && !actual.has('PORT')) wanted.delete('PORT')
  return actual.size === wanted.size && [...wanted].every(([name, value]) => actual.get(name) === value)
}

function pair(text: string): [string, string] {
  const at = text.indexOf('=')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function hasSameMounts(container: Container, request: InstanceRequest): boolean {
  const {spec} = request
  const wanted = spec.mounts
    .map(parseMount)
    .filter((mount) => typeof mount !== 'string')
    .map(({source, target, isReadOnly}) => `${source}:${target}:${isReadOnly}`)
  const all = (container.Mounts ?? []).map(({Type, Name, Source, Destination, RW}) => ({
    ...{target: Destination, isNamed: Type !== 'volume' || !/^[0-9a-f]{64}$/.test(Name ?? '')},
    text: `${(Type === 'volume' ? Name : Source) ?? ''}:${Destination}:${RW === false}`,
  }))
  // Volumes without a name are the image's.
  const rest = all.filter(({target, isNamed}) => isNamed && target !== spec.volume?.path).map(({text}) => text)
  const hasVolume = spec.volume === undefined || usedVolume(container, request) !== undefined
  return hasVolume && isSameList(rest.sort(), wanted.sort())
}

function usedVolume({Mounts}: Container, {spec, service, index}: InstanceRequest): string | undefined {
  const {own, older} = volumeNames(service, index, '')
  const mount = (Mounts ?? []).find(({Destination, Type}) => Destination === spec.volume?.path && Type === 'volume')
  return mount?.Name === own || mount?.Name === older ? mount?.Name : undefined
}

/** Orca does not give the plain name of the service. */
function isOnNetworks({NetworkSettings}: Container, {spec, service}: InstanceRequest): boolean {
  const networks = NetworkSettings?.Networks ?? {}
  const aliases = networks[networkOf(spec)]?.Aliases ?? []
  const isInside = Object.hasOwn(networks, INTERNAL_NETWORK)
  return (
    Object.hasOwn(networks, networkOf(spec)) &&
    [`orca-${service}`, ...spec.aliases].every((alias) => aliases.includes(alias)) &&
    isInside === spec.internal
  )
}
