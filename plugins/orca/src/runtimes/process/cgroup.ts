import {mkdirSync, readdirSync, rmdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {CgroupBases} from './cgroup-bases.ts'
import {readIfThere, words} from './kernel-file.ts'

export interface Limits {
  readonly memoryBytes?: number | undefined
  /** Cores. */
  readonly cpu?: number | undefined
}

const CPU_PERIOD_US = 100_000

/** A control group of one instance: in version 1 a folder in each tree, in version 2 one folder. */
export interface Cgroup {
  readonly version: 1 | 2
  /** The first one is used to find the members. */
  readonly folders: readonly string[]
}

/** Makes `<base>/<parent>/<name>` with the limits set; undefined when the system refuses. */
export function createCgroup(
  bases: CgroupBases,
  names: {parent: string; name: string},
  limits: Limits,
): Cgroup | undefined {
  const folders: string[] = []
  try {
    for (const controller of ['memory', 'cpu'] as const) {
      const base = bases[controller]
      const isWanted = controller === 'memory' || limits.cpu !== undefined
      if (base === undefined || !isWanted) continue
      const parent = join(base, names.parent)
      const folder = join(parent, names.name)
      if (!folders.includes(folder)) {
        mkdirSync(parent, {recursive: true})
        if (bases.version === 2) handDown([base, parent], bases)
        mkdirSync(folder)
        folders.push(folder)
      }
      setLimit(bases.version, controller, folder, limits)
    }
    return folders.length === 0 ? undefined : {version: bases.version, folders}
  } catch {
    removeCgroup({version: bases.version, folders})
    return undefined
  }
}

function handDown(folders: readonly string[], bases: CgroupBases): void {
  for (const folder of folders) {
    const handed = words(join(folder, 'cgroup.subtree_control'))
    for (const controller of ['memory', 'cpu'] as const) {
      if (bases[controller] === undefined || handed.includes(controller)) continue
      writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`)
    }
  }
}

function setLimit(version: 1 | 2, controller: 'memory' | 'cpu', folder: string, limits: Limits): void {
  const {memoryBytes, cpu} = limits
  if (controller === 'memory' && memoryBytes !== undefined) {
    writeFileSync(join(folder, version === 1 ? 'memory.limit_in_bytes' : 'memory.max'), String(memoryBytes))
    // Without these the group would swap instead of keeping to its limit; not every kernel has them.
    if (version === 1) writeIfThere(join(folder, 'memory.memsw.limit_in_bytes'), String(memoryBytes))
    else writeIfThere(join(folder, 'memory.swap.max'), '0')
  }
  if (controller === 'cpu' && cpu !== undefined) {
    const quota = Math.max(1000, Math.round(cpu * CPU_PERIOD_US))
    if (version === 2) {
      writeFileSync(join(folder, 'cpu.max'), `${quota} ${CPU_PERIOD_US}`)
    } else {
      writeFileSync(join(folder, 'cpu.cfs_period_us'), String(CPU_PERIOD_US))
      writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(quota))
    }
  }
}

/** Puts the process into the group, with all it starts from now on. */
export const joinCgroup = (cgroup: Cgroup, pid: number): void =>
  cgroup.folders.forEach((folder) => {
    writeFileSync(join(folder, 'cgroup.procs'), String(pid))
  })

/** Process ids in the group; empty when the group is gone. */
export const cgroupMembers = (cgroup: Cgroup): number[] =>
  words(join(cgroup.folders[0] ?? '', 'cgroup.procs')).map(Number)

/** How often the kernel killed a process of the group for lack of memory. */
export function countOomKills(cgroup: Cgroup): number {
  const file = cgroup.version === 1 ? 'memory.oom_control' : 'memory.events'
  const text = readIfThere(join(cgroup.folders[0] ?? '', file)) ?? ''
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0)
}

/** Removes the group; false when it stays, because it still has processes. */
export const removeCgroup = (cgroup: Cgroup): boolean => cgroup.folders.map(removeFolder).every(Boolean)

/** Removes the parent of all groups when nothing is in it. */
export function removeCgroupParent(bases: CgroupBases, parent: string): void {
  for (const base of new Set([bases.memory, bases.cpu])) {
    if (base !== undefined) removeFolder(join(base, parent))
  }
}

function removeFolder(folder: string): boolean {
  try {
    // A service that runs control groups of its own may have left some below.
    for (const entry of readdirSync(folder, {withFileTypes: true})) {
      if (entry.isDirectory()) removeFolder(join(folder, entry.name))
    }
    rmdirSync(folder)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT'
  }
}

function writeIfThere(path: string, content: string): void {
  try {
    writeFileSync(path, content)
  } catch {
    return
  }
}
