import {DatabaseSync} from 'node:sqlite'

/** Held until it is released or the process ends, however it ends. Keep a reference: a lock nobody refers to is freed. */
export interface ProcessLock {
  release(): void
}

/**
 * Takes the lock, or gives undefined when another process holds it. The system frees it when its owner dies:
 * it is a lock of an (empty) SQLite file, the one kind of file lock that Node has everywhere.
 */
export function takeLock(path: string): ProcessLock | undefined {
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (error instanceof Error && error.message.includes('locked')) return undefined
    throw error
  }
  return {release: () => database.close()}
}
