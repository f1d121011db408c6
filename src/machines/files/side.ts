import type {CallOptions, FileEntry} from '@omni-cli/sdk'

export interface WriteAttributes {
  readonly mode?: number | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
}

/** One side of a copy: this machine, or an instance. Paths are absolute. */
export interface Side {
  /** How a path of this side is shown: `web:/etc/hosts`. */
  show(path: string): string
  join(folder: string, name: string): string
  /** A symlink is told as itself; undefined when nothing is there. */
  stat(path: string, options: CallOptions): Promise<FileEntry | undefined>
  list(path: string, options: CallOptions): Promise<FileEntry[]>
  read(path: string, options: CallOptions): Promise<NodeJS.ReadableStream>
  /** Replaces the file as a whole, or leaves what was there. */
  write(path: string, content: NodeJS.ReadableStream, attributes: WriteAttributes, options: CallOptions): Promise<void>
  /**
   * True when it was made; a folder that is there stays as it is. CONFLICT for anything else, also for a symlink to a
   * folder.
   */
  makeFolder(path: string, attributes: WriteAttributes, options: CallOptions): Promise<boolean>
  /** For a folder that was made, when all is in it: its mode may have been in the way. */
  closeFolder(path: string, attributes: WriteAttributes): Promise<void>
  /** Replaces a symlink that is there; CONFLICT for anything else. */
  makeSymlink(path: string, target: string, options: CallOptions): Promise<void>
}
