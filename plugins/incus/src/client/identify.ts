import {randomBytes} from 'node:crypto'
import {link, rm} from 'node:fs/promises'
import {hostname} from 'node:os'
import {join} from 'node:path'
import {
  type DriverContext,
  ensurePrivateDir,
  fingerprintOf,
  type Http,
  type HttpTls,
  OmniError,
  writeFileAtomic,
} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusSettings} from '../config.ts'
import {checkCertificates, readIfThere} from './remotes.ts'
import {NEW_TOKEN, readTrustToken, redeemToken} from './trust-token.ts'

export interface Identification {
  readonly context: Pick<DriverContext, 'home' | 'env' | 'notice'>
  readonly settings: IncusSettings
  readonly url: string
  readonly http: Http
}

/** What we remember of a server. */
const knownWire = z.object({fingerprint: z.string(), token: z.optional(z.string())})

/**
 * Our own certificate, made when there is none, and the server's: as the settings say, as remembered, or as the trust token
 * names it. A token that was not used yet is redeemed.
 */
export async function identify({context, settings, url, http}: Identification): Promise<HttpTls> {
  const folder = join(context.home, 'incus')
  await ensurePrivateDir(folder)
  const pem = await ownCertificate(folder)
  checkCertificates({cert: pem, key: pem}, folder)
  const file = join(folder, `${new URL(url).host.replace(/[^\w.-]/g, '_')}.json`)
  const known = await readKnown(file)
  const token = await readTrustToken(settings.trust, context.env)
  if (settings.trust !== undefined && token === undefined && known === undefined) {
    throw new OmniError('CONFIG_INVALID', `there is no trust token for ${url}`, {hint: NEW_TOKEN})
  }
  const isNew = token !== undefined && token.id !== known?.token
  const pin = settings.fingerprint ?? (isNew ? token.fingerprint : known?.fingerprint)
  const tls = {cert: pem, key: pem, pin: pin === undefined ? undefined : fingerprintOf(pin)}
  if (!isNew) return tls

  await redeemToken(http, {url, tls}, token)
  await writeFileAtomic(file, JSON.stringify({fingerprint: tls.pin, token: token.id}))
  context.notice(`${url} trusts this machine now`)
  return tls
}

async function readKnown(file: string): Promise<z.output<typeof knownWire> | undefined> {
  const text = await readIfThere(file)
  if (text === undefined) return undefined
  try {
    return knownWire.parse(JSON.parse(text))
  } catch (error) {
    throw new OmniError('IO', `'${file}' is damaged`, {hint: `rm ${file}`, cause: error})
  }
}

/** One for all servers; of two that are made at the same time the first one stays. */
async function ownCertificate(folder: string): Promise<string> {
  const path = join(folder, 'client.pem')
  const found = await readIfThere(path)
  if (found !== undefined) return found
  const {createCertificate} = await import('./certificate.ts')
  const mine = join(folder, `.${randomBytes(6).toString('hex')}.pem`)
  try {
    await writeFileAtomic(mine, createCertificate(`omni@${hostname()}`, new Date()))
    await link(mine, path).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    })
  } finally {
    await rm(mine, {force: true})
  }
  return (await readIfThere(path)) ?? ownCertificate(folder)
}
