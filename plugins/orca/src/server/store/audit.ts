import type {DatabaseSync} from 'node:sqlite'

/** One request that changed something, or was refused. Nothing of a body, a query or a secret is in it. */
export interface AuditEntry {
  /** Grows by one for each. */
  readonly id: number
  /** RFC 3339. */
  readonly time: string
  /** Name of the token; absent when nobody proved who they are. */
  readonly actor?: string | undefined
  readonly role?: string | undefined
  /** Of a token in the store. */
  readonly tokenId?: string | undefined
  /** Address of the other end; absent on the socket of this machine. */
  readonly peer?: string | undefined
  readonly method: string
  /** Template: `/api/v1/services/:name/scale`; absent for an unknown path. */
  readonly route?: string | undefined
  /** What it is about: `web`, `web, api`, or the path when it is unknown. */
  readonly target?: string | undefined
  readonly requestId: string
  /** Absent while it is under way. */
  readonly status?: number | undefined
  readonly durationMs?: number | undefined
  /** `ok`, `refused`, `failed`, `aborted` (the client went away), or the code of an error. */
  readonly outcome?: string | undefined
}

export type NewAuditEntry = Omit<AuditEntry, 'id' | 'time'>

export interface AuditQuery {
  /** Only entries after this one. */
  readonly after?: number | undefined
  /** RFC 3339. */
  readonly since?: string | undefined
  readonly actor?: string | undefined
  /** At most this many, the newest; with `after` the oldest. */
  readonly limit: number
}

export interface AuditStore {
  /** The id of the new entry. */
  add(entry: NewAuditEntry): number
  /** How it ended. */
  finish(id: number, end: Pick<AuditEntry, 'target' | 'status' | 'durationMs' | 'outcome'>): void
  /** Oldest first. */
  list(query: AuditQuery): AuditEntry[]
}

export interface AuditLimits {
  readonly maxRows: number
  readonly maxAgeMs: number
}

const DEFAULT_LIMITS: AuditLimits = {maxRows: 100_000, maxAgeMs: 90 * 86_400_000}
/** The oldest are dropped in lots. */
const PRUNE_EVERY = 200

/** The audit log in the given database; the table is made when it is missing. */
export function createAuditStore(database: DatabaseSync, limits: AuditLimits = DEFAULT_LIMITS): AuditStore {
  database.exec(`CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, actor TEXT, role TEXT, token_id TEXT, peer TEXT,
    method TEXT NOT NULL, route TEXT, target TEXT, request_id TEXT NOT NULL, status INTEGER, duration_ms INTEGER,
    outcome TEXT) STRICT`)
  const insert = database.prepare(
    `INSERT INTO audit (time, actor, role, token_id, peer, method, route, target, request_id, status, duration_ms, outcome)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const update = database.prepare('UPDATE audit SET target = ?, status = ?, duration_ms = ?, outcome = ? WHERE id = ?')
  const prune = database.prepare('DELETE FROM audit WHERE id <= ? OR time < ?')
  const columns = 'id > ? AND time >= ? AND (? IS NULL OR actor = ?)'
  const newest = database.prepare(
    `SELECT * FROM (SELECT * FROM audit WHERE ${columns} ORDER BY id DESC LIMIT ?) ORDER BY id`,
  )
  const next = database.prepare(`SELECT * FROM audit WHERE ${columns} ORDER BY id LIMIT ?`)
  return {
    add(entry) {
      const {actor, role, tokenId, peer, method, route, target, requestId, status, durationMs, outcome} = entry
      const who = [actor ?? null, role ?? null, tokenId ?? null, peer ?? null]
      const what = [method, route ?? null, target ?? null, requestId]
      const end = [status ?? null, durationMs ?? null, outcome ?? null]
      const id = Number(insert.run(new Date().toISOString(), ...who, ...what, ...end).lastInsertRowid)
      if (id % PRUNE_EVERY === 0) {
        prune.run(id - limits.maxRows, new Date(Date.now() - limits.maxAgeMs).toISOString())
      }
      return id
    },
    finish(id, {target, status, durationMs, outcome}) {
      update.run(target ?? null, status ?? null, durationMs ?? null, outcome ?? null, id)
    },
    list({after, since = '', actor = null, limit}) {
      const query = after === undefined ? newest : next
      return query.all(after ?? 0, since, actor, actor, limit).map(toEntry)
    },
  }
}

const toEntry = (row: Record<string, unknown>): AuditEntry => ({
  id: Number(row.id),
  time: String(row.time),
  ...texts(row, {actor: 'actor', role: 'role', tokenId: 'token_id', peer: 'peer'}),
  method: String(row.method),
  ...texts(row, {route: 'route', target: 'target', outcome: 'outcome'}),
  requestId: String(row.request_id),
  ...(row.status === null ? {} : {status: Number(row.status)}),
  ...(row.duration_ms === null ? {} : {durationMs: Number(row.duration_ms)}),
})

const texts = (row: Record<string, unknown>, columns: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(columns).flatMap(([key, column]) => (row[column] === null ? [] : [[key, String(row[column])]])),
  )
