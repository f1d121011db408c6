import type {DatabaseSync} from 'node:sqlite'
import type {Release, ReleaseStatus, ServiceFailure, ServiceSpec} from '@omni-cli/sdk'

export interface ReleaseRow extends Release {
  readonly number: number
}

export interface NewRelease {
  readonly service: string
  readonly spec: ServiceSpec
  readonly actor: string
  readonly reason: string
}

/** Changes are wrapped in `durably` by the caller. */
export interface ReleaseStore {
  /** Newest first. */
  list(service: string): ReleaseRow[]
  get(service: string, id: string): ReleaseRow | undefined
  /** Status `deploying`; its number is one above the highest so far. */
  add(release: NewRelease): ReleaseRow
  setStatus(service: string, id: string, status: ReleaseStatus, failure?: ServiceFailure): void
  interrupted(): ReleaseRow[]
  /** Failures of services whose newest release failed, in one query. */
  lastFailures(): ReadonlyMap<string, ServiceFailure>
  /** Drops all but the newest `keep` good and `keep` failed ones; those that run always stay. Whether some went. */
  prune(service: string, keep: number): boolean
  removeAll(service: string): void
  /** Digests of source archives that some release needs. */
  artifacts(): ReadonlySet<string>
}

/** Releases in the given database. */
export function createReleaseStore(database: DatabaseSync): ReleaseStore {
  const ofService = database.prepare('SELECT * FROM releases WHERE service = ? ORDER BY number DESC')
  const one = database.prepare('SELECT * FROM releases WHERE service = ? AND id = ?')
  const highest = database.prepare('SELECT max(number) AS number FROM releases WHERE service = ?')
  const insert = database.prepare(
    `INSERT INTO releases (service, number, id, spec, status, created_at, actor, reason, artifact)
     VALUES (?, ?, ?, ?, 'deploying', ?, ?, ?, ?)`,
  )
  const mark = database.prepare('UPDATE releases SET status = ?, failure = ? WHERE service = ? AND id = ?')
  const deploying = database.prepare("SELECT * FROM releases WHERE status = 'deploying'")
  const failures = database.prepare(
    `SELECT service, failure FROM releases r WHERE status = 'failed' AND failure IS NOT NULL
     AND number = (SELECT max(number) FROM releases WHERE service = r.service)`,
  )
  const dropOld = database.prepare(
    `DELETE FROM releases WHERE service = ?1 AND status NOT IN ('active', 'canary', 'deploying') AND number NOT IN
     (SELECT number FROM
       (SELECT number, row_number() OVER (PARTITION BY status = 'failed' ORDER BY number DESC) AS place
        FROM releases WHERE service = ?1) WHERE place <= ?2)`,
  )
  const dropAll = database.prepare('DELETE FROM releases WHERE service = ?')
  const digests = database.prepare('SELECT DISTINCT artifact FROM releases WHERE artifact IS NOT NULL')

  return {
    list: (service) => ofService.all(service).map(toRelease),
    get(service, id) {
      const row = one.get(service, id)
      return row === undefined ? undefined : toRelease(row)
    },
    add({service, spec, actor, reason}) {
      const number = Number(highest.get(service)?.number ?? 0) + 1
      const [id, createdAt] = [`r${number}`, new Date().toISOString()]
      insert.run(service, number, id, JSON.stringify(spec), createdAt, actor, reason, spec.artifact ?? null)
      return {id, number, service, spec, status: 'deploying', createdAt, actor, reason}
    },
    setStatus: (service, id, status, failure) => {
      mark.run(status, failure === undefined ? null : JSON.stringify(failure), service, id)
    },
    interrupted: () => deploying.all().map(toRelease),
    lastFailures: () => new Map(failures.all().map((row) => [String(row.service), toFailure(row.failure)])),
    prune: (service, keep) => dropOld.run(service, keep).changes > 0,
    removeAll: (service) => {
      dropAll.run(service)
    },
    artifacts: () => new Set(digests.all().map((row) => String(row.artifact))),
  }
}

// JSON columns hold what this program wrote.
const toFailure = (value: unknown): ServiceFailure => JSON.parse(String(value)) as ServiceFailure

const toRelease = (row: Record<string, unknown>): ReleaseRow => ({
  id: String(row.id),
  number: Number(row.number),
  service: String(row.service),
  status: String(row.status) as ReleaseStatus,
  spec: JSON.parse(String(row.spec)) as ServiceSpec,
  createdAt: String(row.created_at),
  ...(row.actor === null ? {} : {actor: String(row.actor)}),
  reason: String(row.reason),
  ...(row.failure === null ? {} : {failure: toFailure(row.failure)}),
})
