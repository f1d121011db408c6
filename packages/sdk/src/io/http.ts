export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path with query, percent-encoded: `/api/v1/status?project=a`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is. */
  readonly body?: Buffer | NodeJS.ReadableStream | undefined
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The body as text; parse at the edge. */
  readonly text: string
}

export interface HttpStream {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: NodeJS.ReadableStream & AsyncIterable<Buffer>
}

/** Where to send: `http://host:port`, `https://…` or `unix:/path/to.sock`. */
export interface HttpTarget {
  readonly url: string
  /** Read when a request is made, so that it is in no log. */
  readonly token?: string | undefined
  readonly tls?: HttpTls | undefined
}

export interface HttpTls {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /**
   * The only certificate that the server may show, in PEM or as its SHA-256 fingerprint in hex. Neither its authority nor
   * host name and time are compared then; another certificate is UNAUTHORIZED, its fingerprint in `details.found`.
   */
  readonly pin?: string | undefined
}

export interface HttpCallOptions {
  readonly signal?: AbortSignal | undefined
  /** Until the whole answer is there. Default 30 000. */
  readonly timeoutMs?: number | undefined
}

/**
 * HTTP/1.1 over TCP, TLS and Unix sockets. Any status is an answer, not an error. Connection failures are UNAVAILABLE
 * (retried with back-off for GET), deadlines TIMEOUT, an aborted signal ABORTED. 429 and 503 with Retry-After are retried.
 */
export interface Http {
  request(target: HttpTarget, request: HttpRequest, options?: HttpCallOptions): Promise<HttpAnswer>
  /** The answer as it arrives: logs, events. No deadline but the signal. */
  stream(target: HttpTarget, request: HttpRequest, options?: HttpCallOptions): Promise<HttpStream>
}
