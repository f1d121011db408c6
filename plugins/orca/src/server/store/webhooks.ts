import type {DatabaseSync} from 'node:sqlite'

/** A push to `branch` of `repo` redeploys `service`. */
export interface Webhook {
  /** `org/name`. */
  readonly repo: string
  readonly service: string
  readonly branch: string
  /** Shared with the forge; signs each push. Never leaves this process. */
  readonly secret: string
}

export interface WebhookStore {
  /** Replaces the one with the same repo, branch and service. */
  put(webhook: Webhook): void
  list(): Webhook[]
  /** All branches of a service; how many there were. */
  remove(service: string): number
}

/** Webhooks in the given database; the table is made when it is missing. */
export function createWebhookStore(database: DatabaseSync): WebhookStore {
  database.exec(`CREATE TABLE IF NOT EXISTS webhooks (
    repo TEXT NOT NULL, branch TEXT NOT NULL, service TEXT NOT NULL, secret TEXT NOT NULL,
    PRIMARY KEY (repo, branch, service)) STRICT`)
  const put = database.prepare('INSERT OR REPLACE INTO webhooks (repo, branch, service, secret) VALUES (?, ?, ?, ?)')
  const all = database.prepare('SELECT * FROM webhooks ORDER BY repo, branch, service')
  const remove = database.prepare('DELETE FROM webhooks WHERE service = ?')
  return {
    put: ({repo, branch, service, secret}) => {
      put.run(repo, branch, service, secret)
    },
    list: () =>
      all.all().map((row) => ({
        repo: String(row.repo),
        service: String(row.service),
        branch: String(row.branch),
        secret: String(row.secret),
      })),
    remove: (service) => Number(remove.run(service).changes),
  }
}
