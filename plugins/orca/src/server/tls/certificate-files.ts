import {createHash, createPrivateKey, X509Certificate} from 'node:crypto'
import {readFileSync, type Stats, statSync} from 'node:fs'
import {isAbsolute} from 'node:path'
import {reasonOf} from '@omni-cli/sdk'

/** A certificate and its key, as they are on the disk. */
export interface CertificatePair {
  readonly certFile: string
  readonly keyFile: string
  /** Another one when the files have changed. */
  readonly revision: string
  readonly leaf: X509Certificate
}

const MAX_FILE_BYTES = 1_000_000
const DAY_MS = 86_400_000
const SOON_MS = 14 * DAY_MS

/** Reads a pair that fits together. Error with the reason. */
export function readPair(certFile: string, keyFile: string): CertificatePair {
  const cert = readSmall(certFile)
  const key = readSmall(keyFile)
  const leaf = orThrow(() => new X509Certificate(cert), `${certFile} holds no certificate in PEM`)
  const privateKey = orThrow(() => createPrivateKey(key), `${keyFile} holds no private key in PEM without a passphrase`)
  if (!leaf.checkPrivateKey(privateKey)) throw new Error(`the key in ${keyFile} is not that of ${certFile}`)
  const revision = createHash('sha256').update(cert).update(stampOf(keyFile)).digest('hex').slice(0, 16)
  return {certFile, keyFile, revision, leaf}
}

/** Clients look at the alternative names alone. */
export const covers = ({leaf}: CertificatePair, host: string): boolean =>
  leaf.checkHost(host, {subject: 'never'}) !== undefined

/** Changes when the file is written or replaced; empty when there is none. */
export function stampOf(path: string): string {
  const found = statSync(path, {throwIfNoEntry: false})
  return found === undefined ? '' : `${found.ino}:${found.mtimeMs}:${found.size}`
}

export interface CertificateFindings {
  /** What must be mended before the files can be served. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

export interface CertificateQuestion {
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
  /** Declared host names that must be covered. */
  readonly hosts: readonly string[]
  readonly now: number
}

/** Judges the `tls_cert` and `tls_key` of a service before it is deployed. */
export function examineCertificate({certFile, keyFile, hosts, now}: CertificateQuestion): CertificateFindings {
  if (certFile === undefined && keyFile === undefined) return {problems: [], warnings: []}
  if (certFile === undefined) return {problems: ['tls_key is given without tls_cert'], warnings: []}
  if (keyFile === undefined) return {problems: ['tls_cert is given without tls_key'], warnings: []}
  try {
    const pair = readPair(certFile, keyFile)
    const {validFromDate, validToDate} = pair.leaf
    const uncovered = hosts.filter((host) => !covers(pair, host))
    return {
      problems: [
        ...(validToDate.getTime() <= now ? [`${certFile} expired on ${dayOf(validToDate)}`] : []),
        ...(validFromDate.getTime() > now ? [`${certFile} is not valid before ${dayOf(validFromDate)}`] : []),
        ...uncovered.map((host) => `${certFile} is not for ${host}`),
      ],
      warnings: [
        ...(isSoon(validToDate, now) ? [`${certFile} expires on ${dayOf(validToDate)}`] : []),
        ...(isOpenToAll(keyFile) ? [`everybody on this machine can read ${keyFile}: chmod 600`] : []),
      ],
    }
  } catch (error) {
    return {problems: [error instanceof Error ? error.message : String(error)], warnings: []}
  }
}

const dayOf = (date: Date): string => date.toISOString().slice(0, 10)

const isSoon = (end: Date, now: number): boolean => end.getTime() > now && end.getTime() - now < SOON_MS

const isOpenToAll = (path: string): boolean => process.platform !== 'win32' && (statSync(path).mode & 0o004) !== 0

function readSmall(path: string): Buffer {
  // The proxy, which reads it too, is at home elsewhere.
  if (!isAbsolute(path)) throw new Error(`${path} is no absolute path`)
  const found = orThrow((): Stats => statSync(path), `cannot read ${path}`)
  // Reading a pipe would wait for ever.
  if (!found.isFile() || found.size > MAX_FILE_BYTES) throw new Error(`${path} is no PEM file`)
  return orThrow(() => readFileSync(path), `cannot read ${path}`)
}

/** Errors of OpenSSL and of the system, with what they are about. */
function orThrow<T>(read: () => T, message: string): T {
  try {
    return read()
  } catch (error) {
    const isSystem = error instanceof Error && 'syscall' in error
    throw new Error(isSystem ? `${message}: ${reasonOf(error)}` : message, {cause: error})
  }
}
