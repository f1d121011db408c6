import {readFile, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {makePrivateFolder, writeFileAtomic} from '@omni-cli/sdk'
import type {ExecCredential} from './exec-run.ts'

/** Credentials that say when they are over, between two commands: for this user alone, as their programs keep them too. */
export interface CredentialCache {
  read(): Promise<ExecCredential | undefined>
  /** Best effort. */
  write(credential: ExecCredential): Promise<void>
}

/** Keeps nothing where there is no home. */
export function openCredentialCache(home: string, id: string): CredentialCache {
  if (home === '') return {read: async () => undefined, write: async () => undefined}
  const folder = join(home, 'cache', 'kube-credentials')
  const file = join(folder, `${id}.json`)
  return {
    async read() {
      try {
        const stored: unknown = JSON.parse(await readFile(file, 'utf8'))
        return isCredential(stored) ? stored : undefined
      } catch {
        return undefined
      }
    },
    async write(credential) {
      try {
        if (credential.expires === undefined) return await rm(file, {force: true})
        makePrivateFolder(folder)
        await writeFileAtomic(file, JSON.stringify(credential))
      } catch {
        // Run again the next time.
      }
    },
  }
}

function isCredential(value: unknown): value is ExecCredential {
  if (typeof value !== 'object' || value === null) return false
  const {token, cert, key, expires} = value as Readonly<Record<string, unknown>>
  const isText = (part: unknown) => part === undefined || typeof part === 'string'
  return isText(token) && isText(cert) && isText(key) && typeof expires === 'number'
}
