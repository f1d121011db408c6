import type {DatabaseSync} from 'node:sqlite'
import type {ServiceSpec} from '@omni-cli/sdk'
import type {EdgeVersionStats} from '../../edge/table.ts'

/** A release that gets a share of the requests beside the active one. */
export interface CanaryRow {
  readonly release: string
  readonly spec: ServiceSpec
  /** Percent of the requests. */
  readonly weight: number
  /** Replicas of the service when it is promoted. */
  readonly desired: number
  /** RFC 3339. */
  readonly startedAt: string
  /** Its measures decide about it. */
  readonly auto: boolean
  /** What the proxy had counted of the service before; undefined when it did not tell. */
  readonly baseline: {readonly edgePid: number | undefined; readonly stats: readonly EdgeVersionStats[]} | undefined
}

/** What is wanted of a service. */
export interface ServiceRow {
  readonly name: string
  /** Spec of the active release; of the last attempt when there has been no good one. */
  readonly spec: ServiceSpec
  readonly desired: number
  readonly state: 'running' | 'stopped'
  /** The active release; undefined until a first deploy succeeds. */
  readonly release: string | undefined
  /** Loopback port chosen for it, kept over releases. */
  readonly port: number | undefined
  /** Undefined when none runs. */
  readonly canary?: CanaryRow | undefined
  readonly createdAt: string
  readonly updatedAt: string
}

export type ServiceChange = Partial<Pick<ServiceRow, 'spec' | 'desired' | 'state' | 'release' | 'port' | 'canary'>>

/** Rows are read once and kept in memory: this process is the only one that writes them. */
export interface ServiceStore {
  /** Sorted by name. */
  list(): ServiceRow[]
  get(name: string): ServiceRow | undefined
  /** Adds or changes; the caller wraps it in `durably`. */
  put(name: string, change: ServiceChange & {readonly spec: ServiceSpec}): ServiceRow
  update(name: string, change: ServiceChange): ServiceRow
  remove(name: string): void
  /** Reads the rows again, after a transaction that was rolled back. */
  reload(): void
}

/** Rows of the given database. */
export function createServiceStore(database: DatabaseSync): ServiceStore {
  const rows = new Map<string, ServiceRow>()
  const all = database.prepare('SELECT * FROM services')
  const reload = () => {
    rows.clear()
    for (const row of all.all()) rows.set(String(row.name), toRow(row))
  }
  reload()
  const save = database.prepare(
    `INSERT INTO services (name, project, spec, desired, state, release, port, canary, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET project = excluded.project,
     spec = excluded.spec, desired = excluded.desired, state = excluded.state, release = excluded.release,
     port = excluded.port, canary = excluded.canary, updated_at = excluded.updated_at`,
  )
  const forget = database.prepare('DELETE FROM services WHERE name = ?')

  const write = (row: ServiceRow): ServiceRow => {
    const {name, spec, desired, state, createdAt, updatedAt} = row
    const canary = row.canary === undefined ? null : JSON.stringify(row.canary)
    const [release, port] = [row.release ?? null, row.port ?? null]
    save.run(
      ...[name, spec.project ?? null, JSON.stringify(spec), desired, state, release, port, canary],
      ...[createdAt, updatedAt],
    )
    rows.set(name, row)
    return row
  }

  return {
    list: () => [...rows.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    get: (name) => rows.get(name),
    put(name, change) {
      const now = new Date().toISOString()
      const before = rows.get(name) ?? newRow(name, change.spec, now)
      return write({...before, ...change, updatedAt: now})
    },
    update(name, change) {
      const before = rows.get(name)
      if (before === undefined) throw new Error(`no row of service '${name}'`)
      return write({...before, ...change, updatedAt: new Date().toISOString()})
    },
    remove(name) {
      forget.run(name)
      rows.delete(name)
    },
    reload,
  }
}

const newRow = (name: string, spec: ServiceSpec, createdAt: string): ServiceRow => ({
  name,
  spec,
  desired: 0,
  state: 'running',
  release: undefined,
  port: undefined,
  canary: undefined,
  createdAt,
  updatedAt: createdAt,
})

const toRow = (row: Record<string, unknown>): ServiceRow => ({
  name: String(row.name),
  // Written by this program from a checked spec.
  spec: JSON.parse(String(row.spec)) as ServiceSpec,
  desired: Number(row.desired),
  state: row.state === 'stopped' ? 'stopped' : 'running',
  release: row.release === null ? undefined : String(row.release),
  port: row.port === null ? undefined : Number(row.port),
  canary: row.canary === null ? undefined : (JSON.parse(String(row.canary)) as CanaryRow),
  createdAt: String(row.created_at),
  updatedAt: String(row.updated_at),
})
