import {constants, createWriteStream} from 'node:fs'
import {chmod, lstat, mkdir, open, readdir, readlink, symlink} from 'node:fs/promises'
import {join} from 'node:path'
import {pipeline} from 'node:stream/promises'
import {type FileEntry, type FileFacet, OmniError} from '@omni-cli/sdk'

/** Files of machines that are folders: `ROOT/NAME`. */
export function folderFiles(root: string): FileFacet & {readonly owners: Map<string, string>} {
  const owners = new Map<string, string>()
  const at = (name: string, path: string) => join(root, name, path)
  const stat = async (name: string, path: string): Promise<FileEntry | undefined> => {
    const stats = await lstat(at(name, path)).catch(() => undefined)
    if (stats === undefined) return undefined
    const type = stats.isSymbolicLink()
      ? 'symlink'
      : stats.isDirectory()
        ? 'directory'
        : stats.isFile()
          ? 'file'
          : 'other'
    const target = type === 'symlink' ? await readlink(at(name, path)) : undefined
    return {name: path, type, mode: stats.mode & 0o7777, uid: 0, gid: 0, sizeBytes: stats.size, target}
  }
  const required = async (name: string, path: string): Promise<FileEntry> => {
    const entry = await stat(name, path)
    if (entry === undefined) throw new OmniError('NOT_FOUND', `no '${path}' in '${name}'`)
    return entry
  }
  return {
    owners,
    stat,
    async read(name, path) {
      await required(name, path)
      return (await open(at(name, path), constants.O_RDONLY)).createReadStream()
    },
    async write(name, path, content, {mode = 0o644, uid, gid} = {}) {
      await pipeline(content, createWriteStream(at(name, path)))
      await chmod(at(name, path), mode)
      owners.set(path, `${uid}:${gid}`)
    },
    async list(name, path) {
      await required(name, path)
      const names = await readdir(at(name, path))
      return Promise.all(names.map(async (entry) => ({...(await required(name, `${path}/${entry}`)), name: entry})))
    },
    async makeFolder(name, path, {mode = 0o755} = {}) {
      await mkdir(at(name, path), {mode})
    },
    async makeSymlink(name, path, target) {
      await symlink(target, at(name, path))
    },
  }
}
