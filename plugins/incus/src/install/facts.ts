import {constants} from 'node:fs'
import {access, readFile} from 'node:fs/promises'
import {networkInterfaces, userInfo} from 'node:os'
import {delimiter, join} from 'node:path'
import {type OsRelease, parseOsRelease} from './distributions.ts'
import {routesIn} from './subnet.ts'

/** What is there and matters for an installation. */
export interface HostFacts {
  readonly platform: string
  readonly system: OsRelease
  readonly isRoot: boolean
  readonly user: string
  /** Started by it, not only installed. */
  readonly hasSystemd: boolean
  /** File of the daemon. */
  readonly daemon?: string | undefined
  readonly hasClient: boolean
  readonly hasDnsmasq: boolean
  /** The daemon has run here before. */
  readonly hasState: boolean
  /** The daemon lxcfs is at work. */
  readonly hasLxcfs: boolean
  /** `root` has ids for unprivileged containers in both files. */
  readonly hasSubIds: boolean
  /** The user may use the socket. */
  readonly isMember: boolean
  readonly hasKvm: boolean
  readonly hasVsock: boolean
  readonly hasDocker: boolean
  /** IPv4 networks in use: `10.0.0.0/8`. */
  readonly networks: readonly string[]
}

/** Where packages put the daemon. */
const DAEMONS = [
  '/usr/libexec/incus/incusd',
  '/opt/incus/bin/incusd',
  '/usr/lib/incus/incusd',
  '/usr/lib64/incus/incusd',
]
export const GROUP = 'incus-admin'

/** Looks at this machine; changes nothing and asks nobody. `root` is another folder in tests. */
export async function hostFacts(env: Readonly<Record<string, string | undefined>>, root = '/'): Promise<HostFacts> {
  const read = (path: string) => readFile(join(root, path), 'utf8').catch(() => '')
  const has = (path: string) => isThere(join(root, path))
  const program = (name: string) => firstThere(programPaths(name, env, root))
  const {username, uid} = userInfo()
  const [release, mounts, routes, groups, subuid, subgid] = await Promise.all(
    ['etc/os-release', 'proc/mounts', 'proc/net/route', 'etc/group', 'etc/subuid', 'etc/subgid'].map(read),
  )
  const [daemon, client, dnsmasq, hasSystemd, hasKvm, hasVsock, hasDocker, hasState] = await Promise.all([
    firstThere([...DAEMONS.map((file) => join(root, file)), ...programPaths('incusd', env, root)]),
    program('incus'),
    program('dnsmasq'),
    has('run/systemd/system'),
    has('dev/kvm'),
    has('dev/vhost-vsock'),
    has('run/docker.sock'),
    has(join(env.INCUS_DIR ?? '/var/lib/incus', 'database')),
  ])
  return {
    platform: process.platform,
    system: parseOsRelease(release ?? ''),
    isRoot: uid === 0,
    user: username,
    hasSystemd,
    ...(daemon === undefined ? {} : {daemon}),
    hasClient: client !== undefined,
    hasDnsmasq: dnsmasq !== undefined,
    hasState,
    hasLxcfs: /^lxcfs /m.test(mounts ?? ''),
    hasSubIds: [subuid, subgid].every((text) => /^(root|0):/m.test(text ?? '')),
    isMember: uid === 0 || isMemberOf(groups ?? '', username),
    hasKvm,
    hasVsock,
    hasDocker,
    networks: [...routesIn(routes ?? ''), ...ownNetworks()],
  }
}

/** Folders of root are searched too: a user may have none of them in PATH. */
const programPaths = (
  name: string,
  {PATH = ''}: Readonly<Record<string, string | undefined>>,
  root: string,
): string[] =>
  [...new Set([...PATH.split(delimiter).filter((folder) => folder.startsWith('/')), '/usr/sbin', '/sbin'])].map(
    (folder) => join(root, folder, name),
  )

async function firstThere(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    if (await isThere(path)) return path
  }
  return undefined
}

const isThere = (path: string): Promise<boolean> =>
  access(path, constants.F_OK).then(
    () => true,
    () => false,
  )

const isMemberOf = (groups: string, user: string): boolean =>
  groups
    .split('\n')
    .map((line) => line.split(':'))
    .some(([name, , , members]) => name === GROUP && members?.split(',').includes(user))

const ownNetworks = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({family, internal}) => family === 'IPv4' && !internal)
    .flatMap(({cidr}) => cidr ?? [])
