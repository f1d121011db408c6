/** What the edge proxy serves. A table replaces the one before as a whole; requests under way end on the old targets. */

export interface EdgeTarget {
  /** `127.0.0.1:41234`. */
  readonly address: string
  /** Share of the requests, relative to the other targets; 0 = only when pinned. */
  readonly weight: number
  /** Release that runs there; histograms are kept per (service, version). */
  readonly version: string
  /** Requests that ask for this name by header or cookie go to targets that have it. */
  readonly pin?: string | undefined
}

/** How a request asks for targets of a name: the value of the header or cookie is that name. */
export interface EdgePin {
  /** Lower case. */
  readonly header?: string | undefined
  readonly cookie?: string | undefined
  /** Answers set the cookie to the name of the target that was chosen. Default false. */
  readonly isSticky?: boolean | undefined
}

export interface EdgeService {
  readonly service: string
  readonly protocol: 'http' | 'tcp'
  /** Loopback port of its own; for tcp the only way in. */
  readonly port: number | undefined
  /** Bind address of that port. Default 127.0.0.1. */
  readonly bind?: string | undefined
  /** Host names on the shared HTTP listener; lower case, no port. */
  readonly hosts: readonly string[]
  /** Path patterns on those hosts: exact, or a prefix ending in `*`; the longest match wins; empty = all paths. */
  readonly paths: readonly string[]
  readonly stripPrefix?: string | undefined
  readonly pin?: EdgePin | undefined
  /** Empty = answers 503 with `Retry-After: 1`. */
  readonly targets: readonly EdgeTarget[]
}

/** Files in PEM, read by the edge process; a file that cannot be used leaves the certificate before in force. */
export interface EdgeCertificate {
  /** Lower case; `*.example.com` is one level. */
  readonly hosts: readonly string[]
  readonly certFile: string
  readonly keyFile: string
  /** Changes when the files have: they are read again. */
  readonly revision: string
  /** Plain requests to these hosts are sent to https (308). ACME's challenges are not. */
  readonly isRedirected: boolean
}

export interface EdgeTable {
  /** Shared listener for host names. */
  readonly http: {readonly bind: string; readonly port: number}
  /** Shared listener with TLS; the certificate is chosen by server name. Absent: none. */
  readonly https?: {readonly bind: string; readonly port: number} | undefined
  readonly certificates?: readonly EdgeCertificate[] | undefined
  /** Answers of ACME's http-01 challenges by token, for every host name. */
  readonly challenges?: Readonly<Record<string, string>> | undefined
  /** Addresses or networks (`10.0.0.0/8`) of proxies whose `X-Forwarded-*` are believed. Default: none. */
  readonly trustedProxies?: readonly string[] | undefined
  readonly services: readonly EdgeService[]
}

/** What TLS clients get for a host name. */
export interface EdgeCertificateState {
  readonly host: string
  /** End of the certificate in force, ISO 8601; undefined = there is none, and handshakes for the host are refused. */
  readonly notAfter?: string | undefined
  /** Why the files of the table could not be used. */
  readonly error?: string | undefined
}

export interface EdgeListener {
  readonly service: string | undefined
  readonly bind: string
  readonly port: number
  /** The shared listener with TLS; the one without has no service either. */
  readonly isTls?: boolean | undefined
  /** Of the listener with TLS. */
  readonly certificates?: readonly EdgeCertificateState[] | undefined
  /** Why it could not be opened (`EADDRINUSE`); the rest of the table is in force all the same. */
  readonly error?: string | undefined
}

/**
 * Counters since the edge started. Every attempt at a target counts: a request that was answered by the second target is
 * one with class 0 at the first. A tcp connection counts as one request, answered when the target was reached.
 */
export interface EdgeVersionStats {
  readonly service: string
  readonly version: string
  /** Path pattern that was matched, `*` for all. */
  readonly route: string
  readonly requests: number
  /** By status class: index 1 = 1xx … 5 = 5xx; index 0 = no answer from the target. */
  readonly classes: readonly number[]
  /** Cumulative, as Prometheus wants them: how many took at most `EDGE_BUCKETS[i]` seconds; `requests` is the +Inf bucket. */
  readonly buckets: readonly number[]
  /** Sum of the times from a request to the head of its answer. */
  readonly seconds: number
  /** Under way right now; a WebSocket until it closes. */
  readonly inFlight: number
}

export const EDGE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

export interface EdgeHealth {
  readonly pid: number
  readonly uptimeMs: number
  /** Of this plugin, when the process was started. */
  readonly version?: string | undefined
}

/** Client side of the edge process, as the control plane uses it. The process outlives the control plane. */
export interface Edge {
  /** Puts the table in force; resolves when new requests follow it. Starts the process when it does not run. */
  apply(table: EdgeTable): Promise<EdgeListener[]>
  /** Resolves when no request is under way at the address (it must be out of the table), or after the timeout: false. */
  drained(address: string, timeoutMs: number): Promise<boolean>
  stats(): Promise<EdgeVersionStats[]>
  /** A target refused or reset a connection; the control plane may want to look at it at once. */
  onTargetFailure(listener: (address: string) => void): () => void
  health(): Promise<EdgeHealth | undefined>
  /** Ends the process after requests under way, at most `drainMs`. */
  shutdown(drainMs: number): Promise<void>
  close(): void
}
