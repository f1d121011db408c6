import {createHash, randomBytes, timingSafeEqual} from 'node:crypto'
import type {DatabaseSync} from 'node:sqlite'
import {OmniError} from '@omni-cli/sdk'
import type {Actor} from '../control.ts'
import {addColumns} from './add-columns.ts'
import {durably} from './database.ts'

/** A token without its secret; only a digest of that is kept. */
export interface TokenRecord {
  /** `t_<12 hex>`. */
  readonly id: string
  readonly name: string
  readonly role: Actor['role']
  /** The only projects it reaches; absent: all. */
  readonly projects?: readonly string[] | undefined
  /** RFC 3339, like the others. */
  readonly createdAt: string
  readonly expiresAt?: string | undefined
  /** Exact to a minute. */
  readonly lastUsedAt?: string | undefined
}

export interface NewToken {
  readonly name: string
  readonly role: Actor['role']
  readonly projects?: readonly string[] | undefined
  readonly expiresAt?: string | undefined
}

export interface IssuedToken {
  readonly token: string
  readonly record: TokenRecord
}

export interface TokenStore {
  /** The secret is returned here and never again. CONFLICT when the name is in use. */
  create(request: NewToken): IssuedToken
  list(): TokenRecord[]
  /** By id or name; false when there is none. The token is refused from then on. */
  revoke(idOrName: string): boolean
  /** A new secret and id for the same name and rights; the old secret is refused from then on. Undefined when unknown. */
  rotate(idOrName: string): IssuedToken | undefined
  /** The record of a token that is known and has not expired. */
  find(token: string): TokenRecord | undefined
  /** False once the token is revoked or has expired. */
  isLive(id: string): boolean
}

/** How often the last use of a token is written, so that reads do not become writes. */
const LAST_USE_STEP_MS = 60_000

type Row = Record<string, unknown>

/** Tokens in the given database; the table is made when it is missing. `now` is for tests. */
export function createTokenStore(database: DatabaseSync, now: () => number = Date.now): TokenStore {
  database.exec(`CREATE TABLE IF NOT EXISTS api_tokens (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, digest BLOB NOT NULL,
    created_at TEXT NOT NULL, expires_at TEXT, last_used_at TEXT) STRICT`)
  addColumns(database, 'api_tokens', {projects: 'TEXT'})
  const all = database.prepare('SELECT * FROM api_tokens ORDER BY created_at, id')
  const one = database.prepare('SELECT * FROM api_tokens WHERE id = ? OR name = ?')
  const insert = database.prepare(
    'INSERT INTO api_tokens (id, name, role, projects, digest, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const remove = database.prepare('DELETE FROM api_tokens WHERE id = ? OR name = ?')
  const touch = database.prepare('UPDATE api_tokens SET last_used_at = ? WHERE id = ?')

  const noteUse = (record: TokenRecord): void => {
    const last = record.lastUsedAt === undefined ? 0 : Date.parse(record.lastUsedAt)
    if (now() - last < LAST_USE_STEP_MS) return
    try {
      touch.run(new Date(now()).toISOString(), record.id)
    } catch {
      // On a full disk a token must still do.
    }
  }
  const isInTime = ({expiresAt}: TokenRecord): boolean => expiresAt === undefined || Date.parse(expiresAt) > now()
  const add = ({name, role, projects, expiresAt}: NewToken): IssuedToken => {
    const token = newSecret()
    const id = `t_${randomBytes(6).toString('hex')}`
    const createdAt = new Date(now()).toISOString()
    const scope = projects === undefined ? null : JSON.stringify(projects)
    insert.run(id, name, role, scope, tokenDigest(token), createdAt, expiresAt ?? null)
    const limits = {...(projects === undefined ? {} : {projects}), ...(expiresAt === undefined ? {} : {expiresAt})}
    return {token, record: {id, name, role, createdAt, ...limits}}
  }

  return {
    create(request) {
      if (all.all().some((row) => row.name === request.name)) {
        throw new OmniError('CONFLICT', `a token named '${request.name}' exists already`, {
          hint: `omni token revoke ${request.name}, or take another name`,
        })
      }
      return durably(database, () => add(request))
    },
    list: () => all.all().map(toRecord),
    revoke: (idOrName) => durably(database, () => remove.run(idOrName, idOrName).changes > 0),
    rotate(idOrName) {
      const row = one.get(idOrName, idOrName)
      if (row === undefined) return undefined
      const record = toRecord(row)
      return durably(database, () => {
        remove.run(record.id, record.id)
        return add(record)
      })
    },
    find(token) {
      if (token === '') return undefined
      const digest = tokenDigest(token)
      // Every row is compared, so that the time tells nothing about which one matched.
      const [row] = all.all().filter((candidate) => hasDigest(candidate, digest))
      if (row === undefined) return undefined
      const record = toRecord(row)
      if (!isInTime(record)) return undefined
      noteUse(record)
      return record
    },
    isLive(id) {
      const row = one.get(id, id)
      return row !== undefined && row.id === id && isInTime(toRecord(row))
    },
  }
}

/** 32 random bytes as base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** What is kept of a token. The secret has 256 random bits, so one round of SHA-256 is enough. */
export const tokenDigest = (token: string): Buffer => createHash('sha256').update(token).digest()

const hasDigest = (row: Row, digest: Buffer): boolean =>
  row.digest instanceof Uint8Array && row.digest.length === digest.length && timingSafeEqual(row.digest, digest)

const toRecord = (row: Row): TokenRecord => ({
  id: String(row.id),
  name: String(row.name),
  role: toRole(row.role),
  ...(row.projects === null ? {} : {projects: toProjects(row.projects)}),
  createdAt: String(row.created_at),
  ...(row.expires_at === null ? {} : {expiresAt: String(row.expires_at)}),
  ...(row.last_used_at === null ? {} : {lastUsedAt: String(row.last_used_at)}),
})

/** Anything unexpected in the table gets the least power: a viewer, of no project. */
const toRole = (value: unknown): Actor['role'] => (value === 'admin' || value === 'deployer' ? value : 'viewer')

function toProjects(value: unknown): string[] {
  try {
    const projects: unknown = JSON.parse(String(value))
    return Array.isArray(projects) ? projects.map(String) : []
  } catch {
    return []
  }
}
