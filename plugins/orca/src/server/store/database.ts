import {chmodSync, existsSync} from 'node:fs'
import {DatabaseSync} from 'node:sqlite'
import {messageOf, OmniError} from '@omni-cli/sdk'

/** The tables of version 1. */
const FIRST_SCHEMA = `
CREATE TABLE services (
  name TEXT PRIMARY KEY, project TEXT, spec TEXT NOT NULL, desired INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'stopped')), release TEXT, port INTEGER UNIQUE,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT;
CREATE TABLE releases (
  service TEXT NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, spec TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('deploying', 'active', 'superseded', 'failed')), created_at TEXT NOT NULL,
  actor TEXT, reason TEXT NOT NULL, failure TEXT, artifact TEXT, PRIMARY KEY (service, number)) STRICT, WITHOUT ROWID;
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, ref TEXT NOT NULL, type TEXT NOT NULL,
  message TEXT NOT NULL, details TEXT) STRICT;
CREATE INDEX events_by_ref ON events (ref, id);
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE webhooks (
  repo TEXT NOT NULL, branch TEXT NOT NULL, service TEXT NOT NULL, secret TEXT NOT NULL,
  PRIMARY KEY (repo, branch, service)) STRICT;
`

/** SQLite cannot change a CHECK: the table is written again. */
const CANARIES = `
ALTER TABLE services ADD COLUMN canary TEXT;
CREATE TABLE releases_2 (
  service TEXT NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, spec TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('deploying', 'active', 'canary', 'superseded', 'failed')),
  created_at TEXT NOT NULL, actor TEXT, reason TEXT NOT NULL, failure TEXT, artifact TEXT,
  PRIMARY KEY (service, number)) STRICT, WITHOUT ROWID;
INSERT INTO releases_2 SELECT service, number, id, spec, status, created_at, actor, reason, failure, artifact FROM releases;
DROP TABLE releases;
ALTER TABLE releases_2 RENAME TO releases;
`

/** Each entry leads from the version that is its index to the next one; a new store goes through all of them. */
const MIGRATIONS = [FIRST_SCHEMA, CANARIES] as const

/** A store written by a newer program is refused, not guessed at. */
const SCHEMA_VERSION = MIGRATIONS.length

/**
 * Opens the store (0600), or makes it. One process at a time: LOCKED when another one has it. IO when the file is damaged
 * or cannot be used, CONFLICT when a newer version of this program wrote it.
 */
export function openDatabase(path: string): DatabaseSync {
  const database = connect(path)
  try {
    lock(database, path)
    checkIntegrity(database, path)
    migrate(database, path)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** All or nothing, and on the disk when it returns: for specs and releases. IO when the store cannot be written. */
export function durably<T>(database: DatabaseSync, work: () => T): T {
  database.exec('PRAGMA synchronous = FULL')
  try {
    database.exec('BEGIN IMMEDIATE')
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // A full disk has ended the transaction already.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw isSqliteError(error) ? notWritten(error, database.location()) : error
  } finally {
    database.exec('PRAGMA synchronous = NORMAL')
  }
}

const isSqliteError = (error: unknown): error is Error & {readonly errcode: number} =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'

/** SQLITE_FULL */
const FULL = 13

function notWritten(error: Error & {readonly errcode: number}, path: string | null): OmniError {
  const reason = error.errcode === FULL ? 'the disk is full' : error.message
  const store = path === null ? 'the store of the engine' : `the store of the engine, '${path}'`
  return new OmniError('IO', `cannot write ${store}: ${reason}`, {hint: 'omni doctor', cause: error})
}

function connect(path: string): DatabaseSync {
  try {
    const isNew = !existsSync(path)
    const database = new DatabaseSync(path, {timeout: 1000})
    if (isNew) chmodSync(path, 0o600)
    return database
  } catch (error) {
    throw new OmniError('IO', `cannot open the store '${path}': ${messageOf(error)}`, {cause: error})
  }
}

/** In exclusive mode the first transaction takes the file until it is closed, also from a process that is killed. */
function lock(database: DatabaseSync, path: string): void {
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    database.exec('BEGIN IMMEDIATE; COMMIT')
  } catch (error) {
    if (/locked|busy/i.test(messageOf(error))) {
      throw new OmniError('LOCKED', `another server uses the store '${path}'`, {
        hint: 'omni server status',
        cause: error,
      })
    }
    throw damaged(path, messageOf(error), error)
  }
}

function checkIntegrity(database: DatabaseSync, path: string): void {
  let verdict: unknown
  try {
    verdict = database.prepare('PRAGMA quick_check(1)').get()?.quick_check
  } catch (error) {
    throw damaged(path, messageOf(error), error)
  }
  if (verdict !== 'ok') throw damaged(path, String(verdict))
}

function migrate(database: DatabaseSync, path: string): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0)
  if (version > SCHEMA_VERSION) {
    throw new OmniError('CONFLICT', `the store '${path}' was written by a newer version of omni`, {
      hint: 'npm install -g @omni-cli/omni@latest',
      details: {found: version, known: SCHEMA_VERSION},
    })
  }
  if (version < SCHEMA_VERSION) {
    const steps = MIGRATIONS.slice(version).join('')
    durably(database, () => database.exec(`${steps} PRAGMA user_version = ${SCHEMA_VERSION}`))
  }
}

const damaged = (path: string, reason: string, cause?: unknown): OmniError =>
  new OmniError('IO', `the store '${path}' is damaged: ${reason}`, {
    hint: `restore it from a backup, or start empty, which ends all services: mv '${path}' '${path}.damaged'`,
    cause,
  })
