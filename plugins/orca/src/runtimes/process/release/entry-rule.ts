import {posix} from 'node:path'

/** What an archive says about one of its entries. */
export interface ArchiveEntry {
  readonly path: string
  readonly type: string
  readonly linkpath?: string | undefined
}

const TYPES = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory', 'SymbolicLink', 'Link'])

/** Why the entry could touch something outside the folder it is unpacked in, or is no plain thing; else undefined. */
export function entryProblem({path, type, linkpath}: ArchiveEntry): string | undefined {
  if (!TYPES.has(type)) return `'${path}' is a ${type}`
  if (!staysInside(path)) return `'${path}' leads out of the folder`
  if (type === 'Link' && !staysInside(linkpath ?? '')) return `'${path}' links to '${linkpath}', out of the folder`
  if (type === 'SymbolicLink' && !isSafeTarget(path, linkpath ?? '')) {
    return `'${path}' links to '${linkpath}', out of the folder`
  }
  return undefined
}

const staysInside = (path: string): boolean =>
  path !== '' &&
  !path.startsWith('/') &&
  !path.includes('\\') &&
  !path.split('/').includes('..') &&
  !path.includes('\0')

/**
 * `..` only at the start of a target: `a/../..` can lead elsewhere than its text says when `a` is itself a link. Without
 * such targets, and as nothing is ever unpacked through a link, each link stays inside because all others do.
 */
function isSafeTarget(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0')) return false
  const parts = target.split('/').filter((part) => part !== '' && part !== '.')
  const up = parts.findIndex((part) => part !== '..')
  const lead = up < 0 ? parts.length : up
  if (parts.slice(lead).includes('..')) return false
  const folder = posix.normalize(posix.dirname(path))
  return lead <= (folder === '.' ? 0 : folder.split('/').length)
}
