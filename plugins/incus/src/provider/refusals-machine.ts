import {existsSync, readFileSync} from 'node:fs'
import {didYouMean, formatBytes, type InstanceSpec} from '@omni-cli/sdk'
import {instanceOf} from './map.ts'
import {type Devices, rootOf} from './map-settings.ts'
import type {Problem} from './refusals.ts'
import type {Facts} from './refusals-facts.ts'

const MINIMUM = {container: 8 * 1024 ** 2, vm: 128 * 1024 ** 2} as const

/** Kind of machine, profiles, memory, disk, folders of the host, place in the cluster. */
export const machineProblems = (spec: InstanceSpec, facts: Facts): Problem[] => [
  ...typeProblems(spec, facts),
  ...profileProblems(spec, facts),
  ...memoryProblems(spec),
  ...diskProblems(spec, facts),
  ...mountProblems(spec, facts),
  ...locationProblems(spec, facts),
]

function typeProblems({type}: InstanceSpec, {server, warnings}: Facts): Problem[] {
  if (type === 'container' || server.environment?.driver.includes('qemu') === true) return []
  const reason = warnings.find((warning) => /instance type not operational/i.test(warning.type))?.last_message
  return [
    {
      path: ['type'],
      message: `this server has no virtual machines${reason === undefined ? '' : `: ${reason}`}`,
      hint: 'write "type: container", or: incus warning list',
    },
  ]
}

function profileProblems({profiles = []}: InstanceSpec, facts: Facts): Problem[] {
  const known = [...facts.profiles.map(({name}) => name), ...facts.wanted.profiles]
  return profiles.flatMap((name, index) =>
    known.includes(name)
      ? []
      : [
          {
            path: ['profiles', index],
            message: `there is no profile '${name}'`,
            hint: didYouMean(name, known) ?? 'omni get profiles',
          },
        ],
  )
}

function memoryProblems({type, memory}: InstanceSpec): Problem[] {
  if (memory === undefined || memory >= MINIMUM[type]) return []
  const least = formatBytes(MINIMUM[type])
  return [{path: ['memory'], message: `${formatBytes(memory)} is too little for a ${type}; at least ${least}`}]
}

function diskProblems(spec: InstanceSpec, facts: Facts): Problem[] {
  const {disk, name} = spec
  const root = spec.devices === undefined ? undefined : rootOf(spec.devices)
  const inherited = rootOf(devicesOfProfiles(spec, facts))
  const known = facts.profiles.map((profile) => profile.name)
  const isUnknown = (spec.profiles ?? ['default']).some((profile) => !known.includes(profile))
  if (root === undefined && inherited === undefined && facts.pool === undefined && !isUnknown) {
    return [
      {
        path: ['profiles'],
        message: 'none of its profiles has a root disk',
        hint: 'omni config set providers.incus.pool POOL, or a profile with a device {type: disk, path: /, pool: POOL}',
      },
    ]
  }
  if (disk === undefined) return []
  const existing = facts.instances.find((instance) => instance.name === name && isOwnProject(instance.project, facts))
  const now = existing === undefined ? undefined : instanceOf(existing).diskBytes
  const poolName =
    (existing === undefined ? undefined : rootOf(existing.expanded_devices)?.device.pool) ??
    facts.pool ??
    inherited?.device.pool
  const pool = facts.pools.find((candidate) => candidate.name === poolName)
  return [
    ...(now === undefined || disk >= now
      ? []
      : [
          {
            path: ['disk'],
            message: `a disk does not become smaller: it has ${formatBytes(now)}, ${formatBytes(disk)} are wanted`,
            hint: `omni delete instance ${name}, which takes its data along, and apply again`,
          },
        ]),
    ...(pool?.driver === 'dir' && !(facts.isLocal && hasQuota(pool.config.source))
      ? [
          {
            path: ['disk'],
            message: `the storage pool '${pool.name}' is a folder without quotas: it cannot hold a disk to a size`,
            hint: 'leave "disk" out, or take a pool on btrfs, zfs or lvm: incus storage create POOL btrfs',
          },
        ]
      : []),
  ]
}

export const isOwnProject = (project: string, {server}: Facts): boolean =>
  project === (server.environment?.project ?? 'default')

/** The devices that the known profiles give together. */
export function devicesOfProfiles({profiles = ['default']}: InstanceSpec, facts: Facts): Devices {
  return Object.assign({}, ...profiles.map((name) => facts.profiles.find((profile) => profile.name === name)?.devices))
}

/** Whether the file system below a folder of this machine counts by project. */
function hasQuota(folder: string | undefined): boolean {
  if (folder === undefined) return false
  try {
    const mounts = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([, point = '']) => folder === point || folder.startsWith(point === '/' ? '/' : `${point}/`))
      .sort(([, a = ''], [, b = '']) => b.length - a.length)
    return /(^|,)(prjquota|pquota)(,|$)/.test(mounts[0]?.[3] ?? '')
  } catch {
    return false
  }
}

function mountProblems({mounts = []}: InstanceSpec, {isLocal}: Facts): Problem[] {
  return mounts.flatMap(({source, target}, index) => {
    const path = ['mounts', index]
    if (!source.startsWith('/')) {
      return [{path: [...path, 'source'], message: `'${source}' is no absolute folder of the host`}]
    }
    if (isLocal && !existsSync(source)) {
      return [{path: [...path, 'source'], message: `the host has no '${source}'`, hint: `mkdir -p ${source}`}]
    }
    const isTwice = mounts.slice(0, index).some((other) => other.target === target)
    return isTwice ? [{path: [...path, 'target'], message: `'${target}' is there twice`}] : []
  })
}

function locationProblems({location}: InstanceSpec, {server, members}: Facts): Problem[] {
  if (location === undefined) return []
  const path = ['location']
  if (server.environment?.server_clustered !== true) {
    return [{path, message: 'this server is no member of a cluster', hint: 'leave "location" out'}]
  }
  if (location.startsWith('@') || members.includes(location)) return []
  return [
    {
      path,
      message: `the cluster has no member '${location}'`,
      hint: didYouMean(location, members) ?? `its members: ${members.join(', ')}`,
    },
  ]
}
