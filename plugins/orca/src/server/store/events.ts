import type {DatabaseSync} from 'node:sqlite'
import type {OmniEvent} from '@omni-cli/sdk'

const KEPT_EVENTS = 10_000
/** The oldest are dropped in lots: a delete with each insert would double the writes. */
const PRUNE_EVERY = 200

export interface EventStore {
  add(event: Omit<OmniEvent, 'id' | 'time'>): OmniEvent
  /** At most `limit` after the id, oldest first. */
  after(id: number, ref: string | undefined, limit: number): OmniEvent[]
}

/** The newest events; the ids go on growing when old ones are dropped. */
export function createEventStore(database: DatabaseSync): EventStore {
  const insert = database.prepare('INSERT INTO events (time, ref, type, message, details) VALUES (?, ?, ?, ?, ?)')
  const prune = database.prepare('DELETE FROM events WHERE id <= ?')
  const all = database.prepare('SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?')
  const ofRef = database.prepare('SELECT * FROM events WHERE id > ? AND ref = ? ORDER BY id LIMIT ?')
  return {
    add(event) {
      const time = new Date().toISOString()
      const details = event.details === undefined ? null : JSON.stringify(event.details)
      const id = Number(insert.run(time, event.ref, event.type, event.message, details).lastInsertRowid)
      if (id % PRUNE_EVERY === 0) prune.run(id - KEPT_EVENTS)
      return {...event, id, time}
    },
    after: (id, ref, limit) => (ref === undefined ? all.all(id, limit) : ofRef.all(id, ref, limit)).map(toEvent),
  }
}

const toEvent = (row: Record<string, unknown>): OmniEvent => ({
  id: Number(row.id),
  time: String(row.time),
  ref: String(row.ref),
  type: String(row.type),
  message: String(row.message),
  ...(row.details === null ? {} : {details: JSON.parse(String(row.details)) as unknown}),
})
