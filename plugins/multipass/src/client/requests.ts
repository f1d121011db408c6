/** Words after `multipass`. */
export type Words = readonly string[]

export interface LaunchRequest {
  readonly image: string
  readonly name: string
  readonly cpus?: number | undefined
  readonly memoryBytes?: number | undefined
  readonly diskBytes?: number | undefined
  readonly network?: {readonly name: string; readonly mac?: string | undefined} | undefined
  readonly bridged?: boolean | undefined
  /** User data comes on standard input: the strict snap cannot read our files. */
  readonly hasUserData: boolean
  /** Until the client gives up; the daemon goes on. */
  readonly timeoutS: number
}

const option = (name: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [name, String(value)]

/** Sizes are whole bytes: a suffix would mean a power of 1024, whatever is written. */
export const launch = (request: LaunchRequest): Words => [
  'launch',
  request.image,
  '--name',
  request.name,
  ...option('--cpus', request.cpus),
  ...option('--memory', request.memoryBytes),
  ...option('--disk', request.diskBytes),
  ...option('--network', networkText(request.network)),
  ...(request.bridged === true ? ['--bridged'] : []),
  ...(request.hasUserData ? ['--cloud-init', '-'] : []),
  '--timeout',
  String(request.timeoutS),
]

const networkText = (network: LaunchRequest['network']): string | undefined =>
  network === undefined ? undefined : `name=${network.name}${network.mac === undefined ? '' : `,mac=${network.mac}`}`

const JSON_FORMAT = ['--format', 'json']

export const version: Words = ['version', ...JSON_FORMAT]
export const find: Words = ['find', ...JSON_FORMAT]
export const networks: Words = ['networks', ...JSON_FORMAT]

/** All machines without a name. Nothing is asked of the machines themselves, so that a stuck one does not hold it up. */
export const info = (name?: string): Words => ['info', ...named(name), '--no-runtime-information', ...JSON_FORMAT]
/** Also load, memory and disks, which are asked over SSH. */
export const usage: Words = ['info', ...JSON_FORMAT]
export const snapshots = (name: string): Words => ['info', name, '--snapshots', ...JSON_FORMAT]

const named = (name: string | undefined) => (name === undefined ? [] : [name])

export const start = (name: string, timeoutS: number): Words => ['start', name, '--timeout', String(timeoutS)]
export const stop = (name: string, force = false): Words => ['stop', ...(force ? ['--force'] : []), name]
/** By name, never `purge`, which empties the trash of everybody. */
export const remove = (name: string): Words => ['delete', '--purge', name]

export const set = (name: string, property: 'cpus' | 'memory' | 'disk', value: number): Words => [
  'set',
  `local.${name}.${property}=${value}`,
]
export const get = (key: string): Words => ['get', key]

export const mount = (source: string, name: string, target: string): Words => ['mount', source, `${name}:${target}`]
export const umount = (name: string, target: string): Words => ['umount', `${name}:${target}`]

export const snapshot = (name: string, snapshot: string): Words => ['snapshot', name, '--name', snapshot]
export const restore = (name: string, snapshot: string): Words => ['restore', `${name}.${snapshot}`, '--destructive']
export const removeSnapshot = (name: string, snapshot: string): Words => ['delete', '--purge', `${name}.${snapshot}`]
export const clone = (name: string, to: string): Words => ['clone', name, '--name', to]

/** Standard input into a file that the user `ubuntu` may write. */
export const upload = (name: string, path: string): Words => ['transfer', '-', `${name}:${path}`]

export interface ExecRequest {
  readonly name: string
  readonly argv: readonly string[]
  /** Number or name. Default: root. */
  readonly user?: string | undefined
  readonly cwd?: string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
}

/**
 * `env` sets folder and environment and tells 126 and 127 as a shell does, which sudo does not. Never `-d`: with sudo the
 * client joins the words with blanks.
 */
export const exec = ({name, argv, user = 'root', cwd, env = {}}: ExecRequest): Words => [
  'exec',
  name,
  '--no-map-working-directory',
  '--',
  'sudo',
  '-n',
  '-H',
  ...(user === 'root' ? [] : ['-u', /^\d+$/.test(user) ? `#${user}` : user]),
  '--',
  'env',
  ...(cwd === undefined ? [] : ['-C', cwd]),
  '--',
  ...Object.entries(env).map(([key, value]) => `${key}=${value}`),
  ...argv,
]
