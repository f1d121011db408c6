import type {EdgeTable} from '../../edge/table.ts'

/** The part of the proxy's table that is about TLS. */
export type TlsTable = Pick<EdgeTable, 'https' | 'certificates' | 'challenges'>

/** A host name, and the certificate files that its service brings along. */
export interface TlsHost {
  readonly host: string
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
}

export interface TlsState {
  readonly host: string
  /** Where its certificate is from; `none` = it has none, and `reason` says why none is ordered. */
  readonly source: 'files' | 'acme' | 'none'
  /** ISO 8601. */
  readonly notAfter?: string | undefined
  /** Why no certificate is ordered. */
  readonly reason?: string | undefined
  /** Why the last order, or the last reading of the files, failed. */
  readonly lastError?: string | undefined
  /** When it is ordered again; ISO 8601. */
  readonly nextTry?: string | undefined
}

export interface TlsEvent {
  readonly type: 'tls.issued' | 'tls.failed'
  readonly host: string
  readonly message: string
}

/** Certificates of the host names that are served: files of the user, or from an ACME server, renewed in time. */
export interface TlsBook {
  table(): TlsTable
  /** By host name. */
  state(): TlsState[]
  /** The host names as of now: what lacks a certificate is ordered, what is no longer served is not renewed. */
  serve(hosts: readonly TlsHost[]): void
  close(): Promise<void>
}
