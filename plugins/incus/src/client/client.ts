import type {Duplex} from 'node:stream'
import type {CallOptions} from '@omni-cli/sdk'
import type * as z from 'zod/mini'
import type {Operation, Server} from './wire.ts'

/** A request to the Incus REST API. `path` is below `/1.0`: `/instances/web`; the project is added by the client. */
export interface IncusRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  /** Further query, e.g. `{recursion: '2'}`; values are encoded by the client. */
  readonly query?: Readonly<Record<string, string>> | undefined
  readonly json?: unknown
  /** Sent as `application/octet-stream`: Incus takes anything else for an empty form. */
  readonly body?: Buffer | NodeJS.ReadableStream | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Changes only what is still as it was read: CONFLICT otherwise. */
  readonly etag?: string | undefined
}

export interface Fetched<T> {
  readonly value: T
  readonly etag: string | undefined
}

/** An answer whose body is bytes: files, backups, logs. */
export interface ByteAnswer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: NodeJS.ReadableStream & AsyncIterable<Buffer>
}

/** A websocket of an operation; frames keep their kind, an empty text frame ends a stream of Incus. */
export interface IncusSocket {
  /** One listener; frames that came before are given to it at once. The next frame waits for the promise. */
  onFrame(listener: (data: Buffer, isBinary: boolean) => unknown): void
  send(data: Buffer | string): Promise<void>
  /** Resolves when it is closed, by whomever; never rejects. */
  readonly closed: Promise<void>
  close(): void
}

/**
 * The Incus REST API over the Unix socket or HTTPS with a client certificate. Errors are `OmniError`s with a code by what
 * happened (NOT_FOUND, CONFLICT, UNAUTHORIZED …): Incus tells much by its text alone.
 */
export interface IncusClient {
  /** For a person: `unix:/var/lib/incus/unix.socket`. */
  readonly url: string
  readonly project: string
  /** `GET /1.0`, asked once. UNAUTHORIZED when we are not trusted there. */
  server(options?: CallOptions): Promise<Server>
  /** Whether the server has an API extension; versions are never compared. */
  has(extension: string, options?: CallOptions): Promise<boolean>
  /** The metadata of a sync answer. NOT_FOUND when there is none. */
  fetch<T>(schema: z.ZodMiniType<T>, request: IncusRequest, options?: CallOptions): Promise<Fetched<T>>
  /** The same, and undefined for NOT_FOUND. */
  find<T>(schema: z.ZodMiniType<T>, request: IncusRequest, options?: CallOptions): Promise<Fetched<T> | undefined>
  /** A change that is answered at once. */
  send(request: IncusRequest, options?: CallOptions): Promise<void>
  /**
   * A change that is an operation: resolves with the operation when it has succeeded. An operation that is gone before it
   * was seen to end resolves with undefined: read the thing again. An abort cancels it where the server can, and rejects.
   */
  operate(request: IncusRequest, options?: CallOptions): Promise<Operation | undefined>
  /** Starts an operation and does not wait: exec, console. */
  begin(request: IncusRequest, options?: CallOptions): Promise<Operation>
  /** Waits for an operation that was begun; a failed one resolves too, its `status_code` tells. */
  settle(operation: Operation, options?: CallOptions): Promise<Operation | undefined>
  /** Bytes of an answer as they arrive. */
  download(request: IncusRequest, options?: CallOptions): Promise<ByteAnswer>
  /** Headers alone. */
  head(request: IncusRequest, options?: CallOptions): Promise<ByteAnswer['headers'] | undefined>
  /** Opens `/1.0/operations/ID/websocket?secret=…`, or any other path. */
  socket(path: string, query: Readonly<Record<string, string>>, options?: CallOptions): Promise<IncusSocket>
  /** Hands the connection over to another protocol by `Upgrade: PROTOCOL` (101): `/instances/web/sftp` to `sftp`. */
  upgrade(path: string, protocol: string, options?: CallOptions): Promise<Duplex>
  /** Closes connections that would keep the process alive. */
  close(): void
}
