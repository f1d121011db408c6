import {type Command, commandWords} from '../process/command.ts'
import type {InstanceRequest} from '../runtime.ts'
import {containerLabels} from './labels.ts'
import {type Mount, parseMount} from './mounts.ts'
import {aliasesOf, networkOf} from './names.ts'
import {type PublishedPort, parsePort} from './ports.ts'
import {gpuVendor} from './spec-check.ts'

export interface ConfigOptions {
  readonly owner: string
  /** Volume for `spec.volume`. */
  readonly volume: string | undefined
  /** The port of the service is opened on 127.0.0.1, because its own address cannot be reached from here. */
  readonly isPublished: boolean
  /** Container whose network it shares; that one has its ports and names. */
  readonly room?: string | undefined
}

const LOG = {Type: 'json-file', Config: {'max-size': '10m', 'max-file': '3'}} as const

/** Body of the Engine's `POST /containers/create`. Secrets are in `Env` and nowhere else. Pure. */
export function containerConfig(request: InstanceRequest, options: ConfigOptions) {
  const {spec, prepared} = request
  const env = containerEnv(request)
  const cmd = spec.command === undefined ? undefined : wordsOf(spec.command, env)
  const network: NetworkConfig =
    options.room === undefined
      ? networkConfig(request, options.isPublished)
      : {HostConfig: {NetworkMode: `container:${options.room}`}}
  return {
    Image: prepared.location,
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...(cmd === undefined ? {} : {Cmd: cmd}),
    ...(spec.entrypoint === undefined ? {} : {Entrypoint: wordsOf(spec.entrypoint, env)}),
    ...(spec.user === undefined ? {} : {User: spec.user}),
    ...(spec.working_dir === undefined ? {} : {WorkingDir: spec.working_dir}),
    Labels: containerLabels(request, options.owner),
    StopTimeout: Math.ceil(spec.stop_grace_secs),
    ...network,
    HostConfig: {
      LogConfig: LOG,
      ...network.HostConfig,
      ...mountConfig(request, options.volume),
      ...resourceConfig(request),
    },
  }
}

interface NetworkConfig {
  readonly ExposedPorts?: object
  readonly HostConfig: {readonly NetworkMode: string; readonly PortBindings?: ReturnType<typeof portBindings>}
  readonly NetworkingConfig?: {readonly EndpointsConfig: Readonly<Record<string, {readonly Aliases: string[]}>>}
}

/** A network of its own, with ports and names. */
export function networkConfig(request: InstanceRequest, isPublished: boolean): NetworkConfig {
  const {ExposedPorts, PortBindings} = portConfig(request, isPublished)
  const name = networkOf(request.spec)
  return {
    ExposedPorts,
    HostConfig: {NetworkMode: name, PortBindings},
    NetworkingConfig: {EndpointsConfig: {[name]: {Aliases: aliasesOf(request.spec)}}},
  }
}

function portConfig(request: InstanceRequest, isPublished: boolean) {
  const {spec} = request
  const ports = publishedPorts(request, isPublished)
  const exposed = [...(spec.port === undefined ? [] : [`${spec.port}/tcp`]), ...ports.map(portKey)]
  return {ExposedPorts: Object.fromEntries(exposed.map((key) => [key, {}])), PortBindings: portBindings(ports)}
}

/** PORT is what the spec says it listens on, unless the environment knows better. */
export function containerEnv({spec, env}: InstanceRequest): Readonly<Record<string, string>> {
  return spec.port === undefined || env.PORT !== undefined ? env : {...env, PORT: String(spec.port)}
}

const SHELL = /^(.*\/)?(sh|bash|dash|ash|zsh|ksh)$/

/** A shell fills in variables by itself: in its program text, a value of ours could do anything, and everybody would see it. */
function wordsOf(command: Command, env: Readonly<Record<string, string>>): string[] {
  const plain = commandWords(command, {})
  return SHELL.test(plain[0] ?? '') ? plain : commandWords(command, env)
}

function publishedPorts({spec}: InstanceRequest, isPublished: boolean): PublishedPort[] {
  const extra = (spec.extra_ports ?? []).map(parsePort).filter((port) => typeof port !== 'string')
  if (!isPublished || spec.port === undefined) return extra
  return [{hostIp: '127.0.0.1', hostPort: '', port: spec.port, protocol: 'tcp'}, ...extra]
}

const portKey = ({port, protocol}: PublishedPort): string => `${port}/${protocol}`

function portBindings(ports: readonly PublishedPort[]): Record<string, {HostIp: string; HostPort: string}[]> {
  const byPort = Map.groupBy(ports, portKey)
  return Object.fromEntries(
    [...byPort].map(([key, same]) => [key, same.map(({hostIp, hostPort}) => ({HostIp: hostIp, HostPort: hostPort}))]),
  )
}

function mountConfig({spec}: InstanceRequest, volume: string | undefined) {
  const mounts = spec.mounts.map(parseMount).filter((mount) => typeof mount !== 'string')
  const own: Mount[] =
    spec.volume === undefined || volume === undefined
      ? []
      : [{source: volume, isVolume: true, target: spec.volume.path, isReadOnly: false}]
  const all = [...own, ...mounts]
  return {
    // Unlike `Binds`, these do not make a missing folder of the host; but only those can be relabelled.
    Mounts: all
      .filter(({relabel}) => relabel === undefined)
      .map(({source, isVolume, target, isReadOnly}) => ({
        Type: isVolume ? 'volume' : 'bind',
        Source: source,
        Target: target,
        ReadOnly: isReadOnly,
      })),
    Binds: all
      .filter(({relabel}) => relabel !== undefined)
      .map(({source, target, isReadOnly, relabel}) => `${source}:${target}:${isReadOnly ? 'ro' : 'rw'},${relabel}`),
  }
}

const AMD_DEVICES = ['/dev/kfd', '/dev/dri'].map((path) => ({
  PathOnHost: path,
  PathInContainer: path,
  CgroupPermissions: 'rwm',
}))

function resourceConfig({spec}: InstanceRequest) {
  const {memory = 0, cpu, gpu} = spec.resources ?? {}
  const vendor = gpu === undefined || gpu.count === 0 ? undefined : gpuVendor(gpu.vendor)
  return {
    // The same with swap: a limit is no invitation to use the disk instead.
    ...(memory > 0 ? {Memory: memory, MemorySwap: memory} : {}),
    ...(cpu === undefined ? {} : {NanoCpus: Math.round(cpu * 1e9)}),
    ...(vendor === 'nvidia' ? {DeviceRequests: [{Driver: 'nvidia', Count: gpu?.count, Capabilities: [['gpu']]}]} : {}),
    ...(vendor === 'amd' ? {Devices: AMD_DEVICES, GroupAdd: ['video', 'render']} : {}),
  }
}
