import {join} from 'node:path'
import {messageOf} from '@omni-cli/sdk'
import type {EdgeCertificate} from '../../edge/table.ts'
import {type CertificatePair, covers, readPair, stampOf} from './certificate-files.ts'
import type {TlsHost} from './tls-book.ts'

/** The certificate of one host name, as its files were when they were read last. */
export class HostCertificate {
  readonly host: string
  /** The user's own, else those that an order makes; undefined = there will be none. */
  readonly files: {readonly certFile: string; readonly keyFile: string} | undefined
  readonly isOwn: boolean
  /** The last good one. */
  pair: CertificatePair | undefined
  /** Why the files as they are now cannot be used. */
  fault: string | undefined
  #stamp: string | undefined
  readonly #importFrom: string | undefined

  /** `importFrom`: folder of Orca's certificates, which are taken until there is an ordered one. */
  constructor({host, certFile, keyFile}: TlsHost, orderedFile: string | undefined, importFrom?: string) {
    this.host = host
    this.#importFrom = importFrom
    this.isOwn = certFile !== undefined && keyFile !== undefined
    if (certFile !== undefined && keyFile !== undefined) this.files = {certFile, keyFile}
    else if (orderedFile !== undefined) this.files = {certFile: orderedFile, keyFile: orderedFile}
  }

  isFor({certFile, keyFile}: TlsHost): boolean {
    if (certFile === undefined || keyFile === undefined) return !this.isOwn
    return this.isOwn && this.files?.certFile === certFile && this.files.keyFile === keyFile
  }

  /** Reads the files when they are others than before; true when that was so. */
  read(): boolean {
    if (this.files === undefined) return false
    const {certFile, keyFile} = this.files
    const stamp = `${stampOf(certFile)} ${stampOf(keyFile)}`
    if (stamp === this.#stamp) return false
    this.#stamp = stamp
    // What was not ordered yet is no fault.
    if (stamp === ' ' && !this.isOwn) return this.#import()
    try {
      const pair = readPair(certFile, keyFile)
      if (!covers(pair, this.host)) throw new Error(`${certFile} is not for ${this.host}`)
      this.pair = pair
      this.fault = undefined
    } catch (error) {
      this.fault = messageOf(error)
    }
    return true
  }

  /** Files that cannot be used are as good as none: another one is ordered. */
  #import(): boolean {
    if (this.#importFrom === undefined) return false
    const base = join(this.#importFrom, this.host)
    try {
      const pair = readPair(`${base}.cert.pem`, `${base}.key.pem`)
      if (!covers(pair, this.host)) return false
      this.pair = pair
      return true
    } catch {
      return false
    }
  }
}

/** Rows of the proxy's table: hosts that share their files are in one. An expired certificate is served, but nobody is sent to it. */
export function certificateRows(certificates: Iterable<HostCertificate>, now: number): EdgeCertificate[] {
  const rows = new Map<string, EdgeCertificate & {readonly hosts: string[]}>()
  for (const {host, pair} of certificates) {
    if (pair === undefined) continue
    const {certFile, keyFile, revision, leaf} = pair
    const key = JSON.stringify([certFile, keyFile, revision])
    const isRedirected = leaf.validToDate.getTime() > now
    const row = rows.get(key) ?? {hosts: [], certFile, keyFile, revision, isRedirected}
    row.hosts.push(host)
    rows.set(key, row)
  }
  return [...rows.values()]
}
