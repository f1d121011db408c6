import {createHash} from 'node:crypto'
import {readFileSync} from 'node:fs'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {ensurePrivateDir, type Logger, OmniError, writeFileAtomic} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import {type AccountKey, newAccountKey, readAccountKey} from './account-key.ts'
import {type AcmeClient, createAcmeClient} from './acme-client.ts'
import {parseJson} from './acme-error.ts'
import {obtainCertificate} from './obtain-certificate.ts'

export interface AcmeOrdersOptions {
  readonly home: string
  readonly email: string
  readonly directory: string
  /** PEM file of the authority of the ACME server itself. */
  readonly caFile?: string | undefined
  readonly log: Logger
  /** Serves an answer under a token, or no longer; resolves when that is so. */
  readonly answer: (token: string, text: string | undefined) => Promise<void>
  readonly signal: AbortSignal
}

/** A host whose last order failed. */
export interface FailedOrder {
  readonly failures: number
  readonly message: string
  /** Wall clock, ms. */
  readonly nextTryAt: number
}

/** Orders at one ACME server, and the files of what came of them. */
export interface AcmeOrders {
  /** Where the certificate and key of a host are, both in one file so that they always fit. */
  fileOf(host: string): string
  /** Failures of earlier runs too: a restart does not begin anew. */
  failureOf(host: string): FailedOrder | undefined
  noteFailure(host: string, failure: FailedOrder | undefined): Promise<void>
  /** Resolves when the file is there; rejects as `obtainCertificate` does. */
  order(host: string): Promise<void>
}

const journal = z.record(z.string(), z.object({failures: z.number(), message: z.string(), nextTryAt: z.number()}))

/** Everything is in a folder of the server's own: a test server's certificates are never taken for those of another. */
export function createAcmeOrders(options: AcmeOrdersOptions): AcmeOrders {
  const {home, directory, signal, answer} = options
  const folder = join(home, 'engine', 'tls', createHash('sha256').update(directory).digest('hex').slice(0, 12))
  const journalFile = join(folder, 'failures.json')
  const failures = new Map(Object.entries(readJournal(journalFile)))
  let account: Promise<{readonly key: AccountKey; readonly client: AcmeClient}> | undefined
  let writing: Promise<unknown> = Promise.resolve()

  const openAccount = async () => {
    await ensurePrivateDir(folder)
    const key = await accountKeyIn(join(folder, 'account.pem'))
    const ca = options.caFile === undefined ? undefined : await readFile(options.caFile, 'utf8')
    return {key, client: createAcmeClient({...options, key, ca})}
  }
  const fileOf = (host: string) => join(folder, `${host}.pem`)
  return {
    fileOf,
    failureOf: (host) => failures.get(host),
    async noteFailure(host, failure) {
      if (failure === undefined && !failures.delete(host)) return
      if (failure !== undefined) failures.set(host, failure)
      const written = writing.then(async () => {
        await ensurePrivateDir(folder)
        await writeFileAtomic(journalFile, JSON.stringify(Object.fromEntries(failures)))
      })
      writing = written.catch(() => undefined)
      await written
    },
    async order(host) {
      account ??= openAccount().catch((error: unknown) => {
        account = undefined
        throw error
      })
      const {key, client} = await account
      await writeFileAtomic(fileOf(host), await obtainCertificate(host, {client, key, answer, signal}))
    },
  }
}

async function accountKeyIn(file: string): Promise<AccountKey> {
  const pem = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
  if (pem !== undefined) return existingKey(pem, file)
  const key = newAccountKey()
  await writeFileAtomic(file, key.pem)
  return key
}

function existingKey(pem: string, file: string): AccountKey {
  try {
    return readAccountKey(pem)
  } catch (error) {
    throw new OmniError('CONFIG_INVALID', `${file} holds no account key`, {hint: `rm '${file}'`, cause: error})
  }
}

function readJournal(file: string): z.infer<typeof journal> {
  try {
    return journal.parse(parseJson(readFileSync(file, 'utf8')))
  } catch {
    // Without it the first order is made at once.
    return {}
  }
}
