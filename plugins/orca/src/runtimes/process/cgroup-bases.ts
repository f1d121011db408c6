import {accessSync, constants, existsSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {readIfThere, words} from './kernel-file.ts'

/** Folders under which control groups of our own can be made; undefined = this machine does not let us. */
export interface CgroupBases {
  readonly version: 1 | 2
  readonly memory?: string | undefined
  readonly cpu?: string | undefined
}

/** Looks where this process may limit its children. Reads only. */
export function findCgroupBases(procSelf = '/proc/self'): CgroupBases | undefined {
  const mounts = readIfThere(join(procSelf, 'mountinfo'))?.split('\n').map(parseMount) ?? []
  const own = readIfThere(join(procSelf, 'cgroup'))?.split('\n') ?? []
  const memory = versionOneBase('memory', mounts, own)
  const cpu = versionOneBase('cpu', mounts, own)
  if (memory !== undefined || cpu !== undefined) return {version: 1, memory, cpu}

  const root = mounts.find((mount) => mount?.type === 'cgroup2')?.point
  const path = own.find((line) => line.startsWith('0::'))?.slice(3)
  if (root === undefined || path === undefined) return undefined
  const bases = {
    version: 2,
    memory: versionTwoBase(root, path, 'memory'),
    cpu: versionTwoBase(root, path, 'cpu'),
  } as const
  return bases.memory === undefined && bases.cpu === undefined ? undefined : bases
}

interface Mount {
  readonly point: string
  readonly type: string
  readonly options: readonly string[]
}

/** A line of mountinfo: `… <mount point> <options> [fields] - <type> <source> <super options>`. */
function parseMount(line: string): Mount | undefined {
  const [left = '', right = ''] = line.split(' - ')
  const point = left.split(' ')[4]
  const [type, , options = ''] = right.split(' ')
  return point === undefined || type === undefined ? undefined : {point, type, options: options.split(',')}
}

function versionOneBase(controller: string, mounts: readonly (Mount | undefined)[], own: readonly string[]) {
  const point = mounts.find((mount) => mount?.type === 'cgroup' && mount.options.includes(controller))?.point
  const path = own.find((line) => line.split(':')[1]?.split(',').includes(controller))?.replace(/^\d+:[^:]*:/, '')
  if (point === undefined || path === undefined) return undefined
  // In a container the path may be that of the host, which is not visible here.
  return [join(point, path), point].find((folder) => isWritable(folder))
}

/**
 * The nearest folder upwards that hands the controller to its children and lets us move processes below it. A group
 * with processes of its own cannot do that, but for the root of the tree.
 */
function versionTwoBase(root: string, ownPath: string, controller: string): string | undefined {
  for (let path = ownPath; ; path = dirname(path)) {
    const folder = join(root, path)
    const hands = words(join(folder, 'cgroup.subtree_control')).includes(controller)
    const canHand = path === '/' && words(join(folder, 'cgroup.controllers')).includes(controller) && isRealRoot(folder)
    if ((hands || canHand) && isWritable(folder) && isWritable(join(folder, 'cgroup.procs'))) return folder
    if (path === '/' || path === '.') return undefined
  }
}

/** Only the root of the whole tree has no type. */
const isRealRoot = (folder: string): boolean => !existsSync(join(folder, 'cgroup.type'))

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
