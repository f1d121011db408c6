import type {DatabaseSync} from 'node:sqlite'
import {createSecretStore, type SecretStore} from './secret-store.ts'
import {createServerIdentity, type ServerIdentity} from './server-identity.ts'

/** What the API needs of secrets. */
export interface ServerSecrets {
  readonly store: SecretStore
  /** What clients encrypt to. */
  readonly identity: ServerIdentity
}

/** Reads and makes nothing before it is asked, but the table. */
export const createServerSecrets = (options: {
  readonly database: DatabaseSync
  readonly home: string
}): ServerSecrets => ({
  store: createSecretStore(options),
  identity: createServerIdentity(options.home),
})
