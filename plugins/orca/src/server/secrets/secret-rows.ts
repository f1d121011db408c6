import type {DatabaseSync} from 'node:sqlite'
import type {SecretName} from '../../secrets/reference.ts'

/** All that is told of a secret; never its value. */
export interface SecretRecord extends SecretName {
  /** RFC 3339. */
  readonly createdAt: string
  readonly updatedAt: string
  /** Who set it last. */
  readonly updatedBy: string
}

export interface Row extends SecretRecord {
  readonly keyId: string
  readonly sealed: Uint8Array
}

/** The table, which is made when it is missing. Project '' stands for all. */
export function openRows(database: DatabaseSync) {
  database.exec(`CREATE TABLE IF NOT EXISTS secrets (
    project TEXT NOT NULL, key TEXT NOT NULL, key_id TEXT NOT NULL, sealed BLOB NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, updated_by TEXT NOT NULL,
    PRIMARY KEY (project, key)) STRICT, WITHOUT ROWID`)
  const all = database.prepare('SELECT * FROM secrets ORDER BY project, key')
  const one = database.prepare('SELECT * FROM secrets WHERE project = ? AND key = ?')
  const count = database.prepare('SELECT count(*) AS count FROM secrets')
  const put = database.prepare(
    `INSERT INTO secrets (project, key, key_id, sealed, created_at, updated_at, updated_by)
     VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6) ON CONFLICT (project, key) DO UPDATE SET key_id = excluded.key_id,
     sealed = excluded.sealed, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
  )
  const reseal = database.prepare('UPDATE secrets SET key_id = ?, sealed = ? WHERE project = ? AND key = ?')
  const remove = database.prepare('DELETE FROM secrets WHERE project = ? AND key = ?')
  return {
    list: (): Row[] => all.all().map(toRow),
    get({key, project}: SecretName): Row | undefined {
      const row = one.get(project ?? '', key)
      return row === undefined ? undefined : toRow(row)
    },
    count: () => Number(count.get()?.count ?? 0),
    put({key, project}: SecretName, {keyId, sealed, by}: {keyId: string; sealed: Uint8Array; by: string}) {
      put.run(project ?? '', key, keyId, sealed, new Date().toISOString(), by)
    },
    reseal({key, project}: SecretName, {keyId, sealed}: {keyId: string; sealed: Uint8Array}) {
      reseal.run(keyId, sealed, project ?? '', key)
    },
    remove: ({key, project}: SecretName) => remove.run(project ?? '', key).changes > 0,
  }
}

export type Rows = ReturnType<typeof openRows>

const toRow = (row: Record<string, unknown>): Row => ({
  key: String(row.key),
  ...(row.project === '' ? {} : {project: String(row.project)}),
  keyId: String(row.key_id),
  sealed: row.sealed instanceof Uint8Array ? row.sealed : new Uint8Array(),
  createdAt: String(row.created_at),
  updatedAt: String(row.updated_at),
  updatedBy: String(row.updated_by),
})
