import {posix} from 'node:path'
import {type CallOptions, type FileEntry, type FileFacet, OmniError} from '@omni-cli/sdk'
import type {Side} from './side.ts'

/** An instance as one side of a copy. Names that could lead out of a folder are refused when they are listed. */
export function machineSide(name: string, files: FileFacet): Side {
  const show = (path: string) => `${name}:${path}`
  const stat = (path: string, options: CallOptions) => files.stat(name, path, options)
  return {
    show,
    join: (folder, entry) => posix.join(folder, entry),
    stat,
    async list(path, options) {
      const entries = await files.list(name, path, options)
      refuseNames(entries, show(path))
      return entries
    },
    read: (path, options) => files.read(name, path, options),
    write: (path, content, attributes, options) => files.write(name, path, content, {...attributes, ...options}),
    async makeFolder(path, {mode}, options) {
      const there = await stat(path, options)
      if (there?.type === 'directory') return false
      if (there !== undefined) throw new OmniError('CONFLICT', `'${show(path)}' is there and no folder`)
      await files.makeFolder(name, path, {...options, mode})
      return true
    },
    closeFolder: async () => undefined,
    async makeSymlink(path, target, options) {
      const there = await stat(path, options)
      if (there === undefined) return files.makeSymlink(name, path, target, options)
      if (there.type === 'symlink' && there.target === target) return
      throw new OmniError('CONFLICT', `'${show(path)}' is there already`)
    },
  }
}

/** What an instance says its folder holds is not to be trusted: a name must be a name, and be there once. */
function refuseNames(entries: readonly FileEntry[], folder: string): void {
  const seen = new Set<string>()
  for (const {name} of entries) {
    const isName = name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name)
    if (!isName || seen.has(name)) {
      throw new OmniError('IO', `'${folder}' says that it holds ${JSON.stringify(name)}, which is no name of a file`, {
        hint: 'copy its other files one by one',
      })
    }
    seen.add(name)
  }
}
