import {type FileHandle, open} from 'node:fs/promises'
import {LOG_FILE_COUNT} from './format.ts'

/** One file of a rotated log, held open: it stays readable when it is rotated away. */
export interface OpenLog {
  readonly handle: FileHandle
  readonly inode: number
  readonly size: number
  readonly changedAtMs: number
}

/** Files of the log that are there, oldest first, each once. The caller closes them. */
export async function openRotated(path: string): Promise<OpenLog[]> {
  const found: OpenLog[] = []
  for (let index = LOG_FILE_COUNT - 1; index >= 0; index--) {
    const log = await openLog(rotatedPath(path, index))
    // A rotation while we look shows the same file under two names.
    if (log !== undefined && found.some(({inode}) => inode === log.inode)) await log.handle.close()
    else if (log !== undefined) found.push(log)
  }
  return found
}

/** The file that was begun when the one with this inode was rotated away; undefined while that is the newest. */
export async function openSuccessor(path: string, inode: number): Promise<OpenLog | undefined> {
  const logs = await openRotated(path)
  // One that is gone altogether was followed by the oldest that is left, as far as anybody can know.
  const next = logs[logs.findIndex((log) => log.inode === inode) + 1]
  await closeAll(logs.filter((log) => log !== next))
  return next
}

export const closeAll = async (logs: readonly OpenLog[]): Promise<void> => {
  await Promise.all(logs.map(({handle}) => handle.close()))
}

const rotatedPath = (path: string, index: number): string => (index === 0 ? path : `${path}.${index}`)

async function openLog(path: string): Promise<OpenLog | undefined> {
  try {
    const handle = await open(path, 'r')
    const {ino, size, mtimeMs} = await handle.stat()
    return {handle, inode: ino, size, changedAtMs: mtimeMs}
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
