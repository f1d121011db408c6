import {closeSync, openSync} from 'node:fs'
import {DatabaseSync} from 'node:sqlite'

export interface ProcessLock {
  release(): void
}

/**
 * A lock that the kernel gives back when its holder dies, however it dies. SQLite's file locks are the only such locks
 * that Node can reach without native code.
 */
export function takeLock(path: string): ProcessLock | undefined {
  // SQLite itself would make it readable for all.
  closeSync(openSync(path, 'a', 0o600))
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return {release: () => database.close()}
  } catch {
    database.close()
    return undefined
  }
}
