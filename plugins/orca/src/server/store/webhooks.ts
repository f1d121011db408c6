import type {DatabaseSync} from 'node:sqlite'
import {addColumns} from './add-columns.ts'

/** A push to `branch` (or a tag) of `repo` redeploys `service`. */
export interface Webhook {
  /** `org/name`. */
  readonly repo: string
  readonly service: string
  /** Name or pattern (`release/*`); '' when only tags count. */
  readonly branch: string
  /** Name or pattern (`v*`) of tags that count as well. */
  readonly tag?: string | undefined
  /** Only pushes that change a file of one of these patterns (`src/**`); absent: all. */
  readonly paths?: readonly string[] | undefined
  /** Shared with the forge; signs each push. Never leaves this process. */
  readonly secret: string
}

/** One push, for the list of the last ones. */
export interface Invocation {
  /** RFC 3339. */
  readonly at: string
  readonly status_code: number
  /** First 8 characters. */
  readonly commit_sha: string
  readonly repo: string
  /** Branch or tag. */
  readonly branch: string
  readonly deployed: boolean
  /** Why it was not deployed. */
  readonly error?: string | undefined
}

export interface WebhookStore {
  /** Replaces the one with the same repo, branch and service. */
  put(webhook: Webhook): void
  list(): Webhook[]
  /** All of a service; how many there were. */
  remove(service: string): number
  /** Keeps the last 10 of a service. */
  note(service: string, invocation: Invocation): void
  /** Newest first. */
  invocations(service: string): Invocation[]
}

const KEPT_INVOCATIONS = 10

/** Webhooks in the given database; the tables are made when they are missing. */
export function createWebhookStore(database: DatabaseSync): WebhookStore {
  database.exec(`CREATE TABLE IF NOT EXISTS webhooks (
    repo TEXT NOT NULL, branch TEXT NOT NULL, service TEXT NOT NULL, secret TEXT NOT NULL,
    PRIMARY KEY (repo, branch, service)) STRICT;
  CREATE TABLE IF NOT EXISTS webhook_invocations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, service TEXT NOT NULL, invocation TEXT NOT NULL) STRICT`)
  addColumns(database, 'webhooks', {tag: 'TEXT', paths: 'TEXT'})
  const put = database.prepare(
    'INSERT OR REPLACE INTO webhooks (repo, branch, service, secret, tag, paths) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const all = database.prepare('SELECT * FROM webhooks ORDER BY repo, branch, service')
  const remove = database.prepare('DELETE FROM webhooks WHERE service = ?')
  const note = database.prepare('INSERT INTO webhook_invocations (service, invocation) VALUES (?, ?)')
  const last = database.prepare('SELECT invocation FROM webhook_invocations WHERE service = ? ORDER BY id DESC LIMIT ?')
  const prune = database.prepare(`DELETE FROM webhook_invocations WHERE service = ? AND id NOT IN
    (SELECT id FROM webhook_invocations WHERE service = ? ORDER BY id DESC LIMIT ?)`)
  return {
    put: ({repo, branch, service, secret, tag, paths}) => {
      put.run(repo, branch, service, secret, tag ?? null, paths === undefined ? null : JSON.stringify(paths))
    },
    list: () => all.all().map(toWebhook),
    remove(service) {
      prune.run(service, service, 0)
      return Number(remove.run(service).changes)
    },
    note(service, invocation) {
      note.run(service, JSON.stringify(invocation))
      prune.run(service, service, KEPT_INVOCATIONS)
    },
    // Written by this program.
    invocations: (service) =>
      last.all(service, KEPT_INVOCATIONS).map((row) => JSON.parse(String(row.invocation)) as Invocation),
  }
}

const toWebhook = (row: Record<string, unknown>): Webhook => ({
  repo: String(row.repo),
  service: String(row.service),
  branch: String(row.branch),
  secret: String(row.secret),
  ...(row.tag === null ? {} : {tag: String(row.tag)}),
  ...(row.paths === null ? {} : {paths: JSON.parse(String(row.paths)) as string[]}),
})
