import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import type {DatabaseSync} from 'node:sqlite'
import {durably, openDatabase} from './database.ts'
import {createEventStore, type EventStore} from './events.ts'
import {createReleaseStore, type ReleaseStore} from './releases.ts'
import {createServiceStore, type ServiceStore} from './services.ts'
import {createSettingStore, type SettingStore} from './settings.ts'

export interface Store {
  readonly database: DatabaseSync
  readonly services: ServiceStore
  readonly releases: ReleaseStore
  readonly events: EventStore
  readonly settings: SettingStore
  /** All changes or none, on the disk when it returns. */
  durably<T>(work: () => T): T
  close(): void
}

/** The state of record under `<home>/engine/store.db`; see `openDatabase` for what is refused. */
export function openStore(home: string): Store {
  const folder = join(home, 'engine')
  mkdirSync(folder, {recursive: true, mode: 0o700})
  const database = openDatabase(join(folder, 'store.db'))
  const services = createServiceStore(database)
  return {
    database,
    services,
    releases: createReleaseStore(database),
    events: createEventStore(database),
    settings: createSettingStore(database),
    durably(work) {
      try {
        return durably(database, work)
      } catch (error) {
        services.reload()
        throw error
      }
    },
    close: () => database.close(),
  }
}
