import type {DatabaseSync} from 'node:sqlite'
import type {ServiceSpec} from '@omni-cli/sdk'

/** A machine that has joined; for this machine only whether it is drained counts. */
export interface NodeRow {
  /** A u64 as digits. */
  readonly id: string
  /** `host:port`. */
  readonly address: string
  readonly labels: Readonly<Record<string, string>>
  /** RFC 3339. */
  readonly lastSeen: string
  readonly draining: boolean
}

/** What an agent says about a service. */
export type WorkloadStatus = 'pending' | 'running' | 'stopped' | 'failed'

/** A service that was given to another node. */
export interface RemoteRow {
  readonly name: string
  readonly node: string
  readonly spec: ServiceSpec
  readonly status: WorkloadStatus
  /** Whether it was ever seen running. */
  readonly everRan: boolean
  readonly createdAt: string
  readonly updatedAt: string
}

export interface NodeStore {
  /** Sorted by address. */
  list(): NodeRow[]
  get(id: string): NodeRow | undefined
  put(row: NodeRow): void
  remotes(): RemoteRow[]
  remote(name: string): RemoteRow | undefined
  putRemote(row: RemoteRow): void
  removeRemote(name: string): void
}

/** Nodes in the given database; the tables are made when they are missing. */
export function createNodeStore(database: DatabaseSync): NodeStore {
  database.exec(`CREATE TABLE IF NOT EXISTS nodes (
    id TEXT PRIMARY KEY, address TEXT NOT NULL, labels TEXT NOT NULL, last_seen TEXT NOT NULL, draining INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS remote_services (
    name TEXT PRIMARY KEY, node TEXT NOT NULL, spec TEXT NOT NULL, status TEXT NOT NULL, ever_ran INTEGER NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT`)
  const all = database.prepare('SELECT * FROM nodes ORDER BY address, id')
  const one = database.prepare('SELECT * FROM nodes WHERE id = ?')
  const put = database.prepare(
    'INSERT OR REPLACE INTO nodes (id, address, labels, last_seen, draining) VALUES (?, ?, ?, ?, ?)',
  )
  const remotes = database.prepare('SELECT * FROM remote_services ORDER BY name')
  const remote = database.prepare('SELECT * FROM remote_services WHERE name = ?')
  const putRemote = database.prepare(
    `INSERT OR REPLACE INTO remote_services (name, node, spec, status, ever_ran, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const removeRemote = database.prepare('DELETE FROM remote_services WHERE name = ?')
  return {
    list: () => all.all().map(toNode),
    get: (id) => optional(one.get(id), toNode),
    put: ({id, address, labels, lastSeen, draining}) => {
      put.run(id, address, JSON.stringify(labels), lastSeen, draining ? 1 : 0)
    },
    remotes: () => remotes.all().map(toRemote),
    remote: (name) => optional(remote.get(name), toRemote),
    putRemote: ({name, node, spec, status, everRan, createdAt, updatedAt}) => {
      putRemote.run(name, node, JSON.stringify(spec), status, everRan ? 1 : 0, createdAt, updatedAt)
    },
    removeRemote: (name) => {
      removeRemote.run(name)
    },
  }
}

type Row = Record<string, unknown>

const optional = <T>(row: Row | undefined, read: (row: Row) => T): T | undefined =>
  row === undefined ? undefined : read(row)

// JSON in these tables was written by this program.
const toNode = (row: Row): NodeRow => ({
  id: String(row.id),
  address: String(row.address),
  labels: JSON.parse(String(row.labels)) as Record<string, string>,
  lastSeen: String(row.last_seen),
  draining: row.draining === 1,
})

const toRemote = (row: Row): RemoteRow => ({
  name: String(row.name),
  node: String(row.node),
  spec: JSON.parse(String(row.spec)) as ServiceSpec,
  status: toStatus(row.status),
  everRan: row.ever_ran === 1,
  createdAt: String(row.created_at),
  updatedAt: String(row.updated_at),
})

/** Words of agents; what is unknown does not run. */
export const toStatus = (word: unknown): WorkloadStatus =>
  word === 'running' || word === 'failed' || word === 'pending' ? word : 'stopped'
