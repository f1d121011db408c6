import {posix} from 'node:path'
import {Readable} from 'node:stream'
import {type FileEntry, type FileFacet, OmniError, throwIfAborted} from '@omni-cli/sdk'
import {type Disk, type DiskEntry, needParent, readAll, resolvePath} from './disk.ts'

/** The file systems of machines in memory, with folders, symlinks, permission bits and owners. */
export function memoryFiles(diskOf: (name: string) => Disk): FileFacet {
  return {
    async read(name, path, {signal} = {}) {
      throwIfAborted(signal)
      const entry = need(diskOf(name), path)
      if (entry.type === 'directory') throw new OmniError('CONFLICT', `'${path}' is a folder`)
      return Readable.from([entry.content ?? Buffer.alloc(0)])
    },
    async write(name, path, content, {signal, mode, uid, gid} = {}) {
      throwIfAborted(signal)
      const disk = diskOf(name)
      const at = resolvePath(disk, path, true)
      needParent(disk, at)
      const before = disk.get(at)
      if (before?.type === 'directory') throw new OmniError('CONFLICT', `'${path}' is a folder`)
      const {mode: oldMode = 0o644, uid: oldUid = 0, gid: oldGid = 0} = before ?? {}
      const bytes = await readAll(content)
      throwIfAborted(signal)
      const owner = {mode: mode ?? oldMode, uid: uid ?? oldUid, gid: gid ?? oldGid}
      disk.set(at, {type: 'file', ...owner, content: bytes})
    },
    async stat(name, path, {signal} = {}) {
      throwIfAborted(signal)
      const disk = diskOf(name)
      const entry = disk.get(resolvePath(disk, path, false))
      return entry === undefined ? undefined : told(path, entry)
    },
    async list(name, path, {signal} = {}) {
      throwIfAborted(signal)
      const disk = diskOf(name)
      const at = resolvePath(disk, path, true)
      const entry = need(disk, path)
      if (entry.type !== 'directory') throw new OmniError('CONFLICT', `'${path}' is no folder`)
      return [...disk]
        .filter(([key]) => key !== '/' && posix.dirname(key) === at)
        .map(([key, found]) => told(posix.basename(key), found))
    },
    async makeFolder(name, path, {signal, mode = 0o755} = {}) {
      throwIfAborted(signal)
      const disk = diskOf(name)
      const at = resolvePath(disk, path, true)
      needParent(disk, at)
      const before = disk.get(at)
      if (before !== undefined && before.type !== 'directory') throw new OmniError('CONFLICT', `'${path}' is no folder`)
      if (before === undefined) disk.set(at, {type: 'directory', mode, uid: 0, gid: 0})
    },
    async makeSymlink(name, path, target, {signal} = {}) {
      throwIfAborted(signal)
      const disk = diskOf(name)
      const at = resolvePath(disk, path, false)
      needParent(disk, at)
      if (disk.has(at)) throw new OmniError('CONFLICT', `'${path}' exists already`)
      disk.set(at, {type: 'symlink', mode: 0o777, uid: 0, gid: 0, target})
    },
  }
}

function need(disk: Disk, path: string): DiskEntry {
  const entry = disk.get(resolvePath(disk, path, true))
  if (entry === undefined) throw new OmniError('NOT_FOUND', `there is no '${path}'`)
  return entry
}

const told = (name: string, {type, mode, uid, gid, content, target}: DiskEntry): FileEntry => ({
  name,
  type,
  mode,
  uid,
  gid,
  ...(content === undefined ? {} : {sizeBytes: content.length}),
  ...(target === undefined ? {} : {target}),
})
