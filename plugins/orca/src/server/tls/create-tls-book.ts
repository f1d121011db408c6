import {type Logger, messageOf} from '@omni-cli/sdk'
import type {EdgeTable} from '../../edge/table.ts'
import {AcmeError} from './acme/acme-error.ts'
import {whyNotOrdered} from './acme/acme-names.ts'
import {type AcmeOrders, createAcmeOrders, type FailedOrder} from './acme/acme-orders.ts'
import {certificateRows, HostCertificate} from './host-certificate.ts'
import {isOver, pauseAfter, renewalAt} from './order-times.ts'
import type {TlsBook, TlsEvent, TlsHost, TlsState} from './tls-book.ts'

export const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory'

export interface TlsBookOptions {
  readonly home: string
  /** Of the ACME account; undefined = nothing is ordered. */
  readonly email: string | undefined
  /** Of the ACME server. Default: `ORCA_ACME_DIRECTORY`, `OMNI_ACME_DIRECTORY`, else Let's Encrypt. */
  readonly directory?: string | undefined
  /** PEM file of the authority of the ACME server itself. Default: `OMNI_ACME_CA`, else those the system knows. */
  readonly caFile?: string | undefined
  /** Address of the TLS listener when it is known already: a restart must not close it. */
  readonly knownListener?: EdgeTable['https']
  /** Else asked for once, when there is a first certificate. */
  readonly listener: () => Promise<NonNullable<EdgeTable['https']>>
  readonly log: Logger
  /** `table()` has changed; resolves when the proxy follows it. Changes made by `serve` are not told. */
  readonly onChange: () => Promise<void> | void
  readonly onEvent?: ((event: TlsEvent) => void) | undefined
  /** Folder with Orca's `HOST.cert.pem` and `HOST.key.pem`, used for hosts until a certificate of our own is there. */
  readonly importFrom?: string | undefined
  /** How often files and times are looked at, ms. Default 30 000. */
  readonly everyMs?: number | undefined
  /** Wall clock, ms. */
  readonly now?: (() => number) | undefined
}

/** Orders under way at the same time. */
const PARALLEL_ORDERS = 4

/** Nothing is ordered or read before the first `serve`. */
export function createTlsBook(options: TlsBookOptions): TlsBook {
  return new Book(options)
}

class Book implements TlsBook {
  readonly #options: TlsBookOptions
  readonly #directory: string
  readonly #orders: AcmeOrders | undefined
  readonly #challenges = new Map<string, string>()
  readonly #closing = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #ordering = new Map<string, Promise<void>>()
  #certificates: ReadonlyMap<string, HostCertificate> = new Map()
  #listener: EdgeTable['https']
  #looking: Promise<void> = Promise.resolve()
  /** The proxy does not follow the table yet. */
  #isUntold = false

  constructor(options: TlsBookOptions) {
    const {ORCA_ACME_DIRECTORY, OMNI_ACME_DIRECTORY, OMNI_ACME_CA} = process.env
    const {email, caFile = OMNI_ACME_CA || undefined} = options
    this.#options = options
    this.#listener = options.knownListener
    this.#directory = options.directory ?? (ORCA_ACME_DIRECTORY || OMNI_ACME_DIRECTORY || LETS_ENCRYPT)
    const [directory, signal] = [this.#directory, this.#closing.signal]
    const answer = (token: string, text: string | undefined) => this.#answer(token, text)
    this.#orders =
      email === undefined ? undefined : createAcmeOrders({...options, email, directory, caFile, answer, signal})
    this.#timer = setInterval(() => this.#lookSoon(), options.everyMs ?? 30_000).unref()
  }

  table() {
    const certificates = certificateRows(this.#certificates.values(), this.#now())
    const isServed = certificates.length > 0 && this.#listener !== undefined
    return {
      ...(isServed ? {https: this.#listener, certificates} : {}),
      ...(this.#challenges.size === 0 ? {} : {challenges: Object.fromEntries(this.#challenges)}),
    }
  }

  state(): TlsState[] {
    const states = [...this.#certificates.values()].map((certificate) => this.#stateOf(certificate))
    return states.sort((a, b) => (a.host < b.host ? -1 : 1))
  }

  serve(hosts: readonly TlsHost[]): void {
    const before = this.#certificates
    const certificates = hosts.map((host) => {
      const known = before.get(host.host)
      return known?.isFor(host)
        ? known
        : new HostCertificate(host, this.#orderedFile(host.host), this.#options.importFrom)
    })
    this.#certificates = new Map(certificates.map((certificate) => [certificate.host, certificate]))
    const added = certificates.filter((certificate) => before.get(certificate.host) !== certificate)
    for (const certificate of added) this.#read(certificate)
    if (added.length > 0) this.#lookSoon()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#closing.abort()
    await this.#looking
    await Promise.all(this.#ordering.values())
  }

  #lookSoon(): void {
    this.#looking = this.#looking
      .then(() => this.#look())
      .catch((error: unknown) => this.#options.log.debug('certificates', {problem: messageOf(error)}))
  }

  async #look(): Promise<void> {
    if (this.#closing.signal.aborted) return
    const certificates = [...this.#certificates.values()]
    const changed = certificates.filter((certificate) => this.#read(certificate))
    if ((await this.#chooseListener()) || changed.length > 0) this.#isUntold = true
    await this.#tell()
    for (const certificate of certificates) {
      if (this.#ordering.size >= PARALLEL_ORDERS || this.#closing.signal.aborted) return
      const {host} = certificate
      if (this.#ordering.has(host) || !this.#isDue(certificate)) continue
      const ordered = this.#order(certificate).finally(() => {
        this.#ordering.delete(host)
        this.#lookSoon()
      })
      this.#ordering.set(host, ordered)
    }
  }

  #read(certificate: HostCertificate): boolean {
    const {host, fault, isOwn} = certificate
    const isRead = certificate.read()
    if (isRead && isOwn && certificate.fault !== undefined && certificate.fault !== fault) {
      this.#options.onEvent?.({type: 'tls.failed', host, message: certificate.fault})
    }
    return isRead
  }

  #orderedFile(host: string): string | undefined {
    return this.#whyNotOrdered(host) === undefined ? this.#orders?.fileOf(host) : undefined
  }

  #isDue({host, pair, files, isOwn}: HostCertificate): boolean {
    if (isOwn || files === undefined) return false
    const failure = this.#orders?.failureOf(host)
    if (failure !== undefined) return isOver(failure.nextTryAt, this.#now())
    return pair === undefined || renewalAt(pair.leaf) <= this.#now()
  }

  /** Never rejects. */
  async #order(certificate: HostCertificate): Promise<void> {
    const {host} = certificate
    try {
      await this.#orders?.order(host)
      certificate.read()
      const {pair, fault} = certificate
      if (pair === undefined || fault !== undefined) throw new Error(fault ?? 'there is no certificate')
      this.#isUntold = true
      const until = pair.leaf.validToDate.toISOString()
      this.#options.onEvent?.({type: 'tls.issued', host, message: `certificate for ${host} until ${until}`})
      // Ordering again would not help.
      if (renewalAt(pair.leaf) <= this.#now())
        throw new Error('the new certificate is due by the clock of this machine')
      await this.#note(host, undefined)
    } catch (error) {
      if (!this.#closing.signal.aborted) await this.#failed(host, error)
    }
  }

  async #failed(host: string, error: unknown): Promise<void> {
    const failures = (this.#orders?.failureOf(host)?.failures ?? 0) + 1
    const retryAfterMs = error instanceof AcmeError ? error.retryAfterMs : undefined
    const message = messageOf(error)
    const nextTryAt = this.#now() + pauseAfter(failures, retryAfterMs)
    const again = `next try ${new Date(nextTryAt).toISOString()}`
    this.#options.onEvent?.({type: 'tls.failed', host, message: `no certificate for ${host}: ${message}; ${again}`})
    await this.#note(host, {failures, message, nextTryAt})
  }

  /** On a full disk only the memory of this process has it. */
  async #note(host: string, failure: FailedOrder | undefined): Promise<void> {
    await this.#orders?.noteFailure(host, failure).catch((problem: unknown) => {
      this.#options.log.debug('the outcome of an order is not stored', {host, problem: messageOf(problem)})
    })
  }

  async #answer(token: string, text: string | undefined): Promise<void> {
    if (text === undefined) this.#challenges.delete(token)
    else this.#challenges.set(token, text)
    await this.#options.onChange()
  }

  /** When that fails, the next round tries again. */
  async #tell(): Promise<void> {
    if (!this.#isUntold) return
    this.#isUntold = false
    try {
      await this.#options.onChange()
    } catch (error) {
      this.#isUntold = true
      throw error
    }
  }

  /** True when it was chosen just now. */
  async #chooseListener(): Promise<boolean> {
    const isWanted = [...this.#certificates.values()].some(({pair}) => pair !== undefined)
    if (this.#listener !== undefined || !isWanted) return false
    this.#listener = await this.#options.listener()
    return true
  }

  #stateOf({host, isOwn, pair, fault}: HostCertificate): TlsState {
    const reason = isOwn ? undefined : this.#whyNotOrdered(host)
    const failure = isOwn ? undefined : this.#orders?.failureOf(host)
    const lastError = failure?.message ?? fault
    return {
      host,
      source: isOwn ? 'files' : reason === undefined ? 'acme' : 'none',
      ...(pair === undefined ? {} : {notAfter: pair.leaf.validToDate.toISOString()}),
      ...(reason === undefined ? {} : {reason}),
      ...(lastError === undefined ? {} : {lastError}),
      ...(failure === undefined ? {} : {nextTry: new Date(failure.nextTryAt).toISOString()}),
    }
  }

  #whyNotOrdered(host: string): string | undefined {
    return this.#orders === undefined ? 'no acme_email is configured' : whyNotOrdered(host, this.#directory)
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }
}
