import {createPrivateKey, X509Certificate} from 'node:crypto'
import {readFileSync, statSync} from 'node:fs'
import {createSecureContext, type SecureContext} from 'node:tls'
import type {EdgeCertificate, EdgeCertificateState} from '../table.ts'

/** No chain of certificates is so long; a file of another kind may be. */
const MAX_FILE_BYTES = 1_000_000

interface Loaded {
  readonly context: SecureContext
  readonly notAfter: Date
}

interface Entry {
  readonly loaded: Loaded | undefined
  readonly error: string | undefined
  readonly isRedirected: boolean
}

/** The certificates in force, by host name. */
export class Certificates {
  #entries: ReadonlyMap<string, Entry> = new Map()
  /** By files and revision: what has not changed is not read again. */
  #files: ReadonlyMap<string, Loaded> = new Map()

  /** Files that cannot be used leave their hosts the certificate that they had. The first to name a host has it. */
  replace(certificates: readonly EdgeCertificate[]): void {
    const entries = new Map<string, Entry>()
    const files = new Map<string, Loaded>()
    for (const {hosts, certFile, keyFile, revision, isRedirected} of certificates) {
      const key = JSON.stringify([certFile, keyFile, revision])
      const read = files.get(key) ?? this.#files.get(key) ?? load(certFile, keyFile)
      if (typeof read !== 'string') files.set(key, read)
      for (const host of hosts) {
        if (entries.has(host)) continue
        const isRead = typeof read !== 'string'
        const loaded = isRead ? read : this.#entries.get(host)?.loaded
        entries.set(host, {loaded, error: isRead ? undefined : read, isRedirected})
      }
    }
    this.#entries = entries
    this.#files = files
  }

  /** For the name a client asks for: that very name, else the wildcard one level up. */
  context(serverName: string): SecureContext | undefined {
    return this.#find(serverName)?.loaded?.context
  }

  /** Whether plain requests for the host belong on the TLS listener, and it can serve them. */
  isRedirected(host: string): boolean {
    const entry = this.#find(host)
    return entry?.isRedirected === true && entry.loaded !== undefined
  }

  states(): EdgeCertificateState[] {
    return [...this.#entries].map(([host, {loaded, error}]) => ({
      host,
      ...(loaded === undefined ? {} : {notAfter: loaded.notAfter.toISOString()}),
      ...(error === undefined ? {} : {error}),
    }))
  }

  #find(name: string): Entry | undefined {
    const host = name.toLowerCase().replace(/\.$/, '')
    const exact = this.#entries.get(host)
    if (exact !== undefined) return exact
    const dot = host.indexOf('.')
    return dot <= 0 ? undefined : this.#entries.get(`*${host.slice(dot)}`)
  }
}

/** The pair, or why it cannot be used. */
function load(certFile: string, keyFile: string): Loaded | string {
  let reading = certFile
  try {
    const cert = readSmallFile(certFile)
    const leaf = new X509Certificate(cert)
    reading = keyFile
    const key = readSmallFile(keyFile)
    if (!leaf.checkPrivateKey(createPrivateKey(key))) return `the key in ${keyFile} is not that of ${certFile}`
    return {context: createSecureContext({cert, key, minVersion: 'TLSv1.2'}), notAfter: leaf.validToDate}
  } catch (error) {
    const reason = error instanceof Error ? ('code' in error ? String(error.code) : error.message) : String(error)
    return `${reading} cannot be used: ${reason}`
  }
}

function readSmallFile(path: string): Buffer {
  const found = statSync(path)
  // Reading a pipe would stop the proxy.
  if (!found.isFile() || found.size > MAX_FILE_BYTES) throw new Error('it is no PEM file')
  return readFileSync(path)
}
