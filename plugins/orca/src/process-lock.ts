import {closeSync, openSync} from 'node:fs'
import {DatabaseSync} from 'node:sqlite'

/** Held until it is released or the process ends, however it ends. Keep a reference: a lock nobody refers to is freed. */
export interface ProcessLock {
  release(): void
}

/**
 * Takes the lock, or gives undefined when another process holds it. The system frees it when its owner dies: it is a lock
 * of an (empty) SQLite file, the one kind of file lock that Node has everywhere without native code.
 */
export function takeLock(path: string): ProcessLock | undefined {
  // SQLite itself would make it readable for all.
  closeSync(openSync(path, 'a', 0o600))
  const database = new DatabaseSync(path)
  try {
    // A journal in a file would need room on the disk.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (error instanceof Error && error.message.includes('locked')) return undefined
    throw error
  }
  return {release: () => database.close()}
}
