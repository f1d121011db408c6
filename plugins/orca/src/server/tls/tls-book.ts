import type {EdgeTable} from '../../edge/table.ts'

/** The part of the proxy's table that is about TLS. */
export type TlsTable = Pick<EdgeTable, 'https' | 'certificates' | 'challenges'>

/** A host name, and the certificate files that its service brings along. */
export interface TlsHost {
  readonly host: string
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
}

/** Certificates of the host names that are served: files of the user, or from an ACME server, renewed in time. */
export interface TlsBook {
  table(): TlsTable
  /** The host names as of now: what lacks a certificate is ordered, what is no longer served is not renewed. */
  serve(hosts: readonly TlsHost[]): void
  close(): Promise<void>
}
