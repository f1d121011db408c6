import type {DatabaseSync} from 'node:sqlite'

export interface SettingStore {
  get(key: string): string | undefined
  set(key: string, value: string): void
}

/** Small facts that must be the same after a restart. */
export function createSettingStore(database: DatabaseSync): SettingStore {
  const read = database.prepare('SELECT value FROM settings WHERE key = ?')
  const write = database.prepare('INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)')
  return {
    get(key) {
      const value = read.get(key)?.value
      return value === undefined ? undefined : String(value)
    },
    set: (key, value) => {
      write.run(key, value)
    },
  }
}
