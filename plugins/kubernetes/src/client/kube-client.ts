import type {ApiObject, CallOptions, ExecTerminal, ObjectKind, ObjectListOptions, ObjectTable} from '@omni-cli/sdk'

/** One request to the API server, as data. */
export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `/api/v1/namespaces/default/pods`; parts from outside are already encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
  /** Sent as JSON. */
  readonly body?: unknown
  /** Default: `application/json`; `application/apply-patch+yaml` for server-side apply. */
  readonly contentType?: string | undefined
  readonly accept?: string | undefined
}

/** Where objects of a kind are. */
export interface ObjectPlace {
  readonly kind: ObjectKind
  /** Absent: the namespace of the context; of no meaning for kinds without namespaces. */
  readonly namespace?: string | undefined
  readonly name: string
  /** `status`, `log`, `scale`. */
  readonly subresource?: string | undefined
}

export interface WriteOptions extends CallOptions {
  /** The server answers as if it did it. */
  readonly dryRun?: boolean | undefined
  /** Take over fields of other managers. Default false: CONFLICT. */
  readonly force?: boolean | undefined
  /** Told the admission warnings of the answer (header `Warning`). */
  readonly onWarning?: ((text: string) => void) | undefined
}

export interface DeleteOptions extends WriteOptions {
  /** Default `background`. */
  readonly propagation?: 'background' | 'foreground' | 'orphan' | undefined
  readonly graceSeconds?: number | undefined
}

export interface WatchEvent {
  /** `synced`: all that was there has been told. */
  readonly type: 'added' | 'modified' | 'deleted' | 'synced'
  readonly object: ApiObject
}

/** Names one pod. */
export interface PodName {
  readonly namespace: string
  readonly name: string
}

export interface PodLogOptions extends CallOptions {
  readonly container?: string | undefined
  readonly follow?: boolean | undefined
  readonly tail?: number | undefined
  /** RFC 3339 */
  readonly since?: string | undefined
  /** Of the container before its last restart. */
  readonly previous?: boolean | undefined
  /** Every line begins with its time and a blank. Default false. */
  readonly timestamps?: boolean | undefined
}

export interface PodExecOptions extends CallOptions {
  readonly container?: string | undefined
  readonly stdin?: NodeJS.ReadableStream | undefined
  /** May return a promise: no more is read until it has resolved. */
  readonly onStdout?: ((chunk: Buffer) => unknown) | undefined
  readonly onStderr?: ((chunk: Buffer) => unknown) | undefined
  readonly terminal?: ExecTerminal | undefined
}

/** A port of a pod, reachable on loopback until it is closed. */
export interface PortForward extends AsyncDisposable {
  /** `127.0.0.1:41234` */
  readonly address: string
}

/**
 * A Kubernetes API. Errors are OmniErrors by the status of the answer: 401 UNAUTHORIZED, 403 FORBIDDEN, 404 NOT_FOUND, 409
 * CONFLICT, 400, 422 and what an admission webhook denies INVALID, 405, 406 and 415 UNSUPPORTED, else UNAVAILABLE; their
 * message is the server's, `details` are `StatusDetails`. 429 and 503 with `Retry-After` are waited for, and the number of
 * requests in flight is bounded. In a protected context everything but looking is refused with FORBIDDEN.
 */
export interface KubeClient {
  /** Name of the context of the kubeconfig. */
  readonly context: string
  readonly server: string
  /** Where objects without a namespace are meant to be. */
  readonly namespace: string
  /** Namespace of the OME operator. */
  readonly omeNamespace: string
  /** `v1.20.2` */
  version(options?: CallOptions): Promise<string>
  request<T = unknown>(request: KubeRequest, options?: WriteOptions): Promise<T>
  /** The body as it comes. */
  stream(request: KubeRequest, options?: CallOptions): Promise<NodeJS.ReadableStream>

  /** From the cache on the disk where it is fresh; `fresh` asks the server. */
  kinds(options?: CallOptions & {readonly fresh?: boolean | undefined}): Promise<readonly ObjectKind[]>
  /**
   * The kind of `pods`, `po`, `Deployment`, `deployments.apps`, …, or of `{apiVersion, kind}`; undefined when it is not served. Asks
   * the server again before it says so.
   */
  findKind(
    wanted: string | {readonly apiVersion: string; readonly kind: string},
    options?: CallOptions,
  ): Promise<ObjectKind | undefined>
  /** Path of a collection, without a namespace over all of them; or of one object, by default in that of the context. */
  pathOf(
    kind: ObjectKind,
    place?: {readonly namespace?: string | undefined; readonly name?: string | undefined},
  ): string

  /** All pages. */
  list<T extends ApiObject = ApiObject>(kind: ObjectKind, options?: ObjectListOptions): Promise<T[]>
  table(kind: ObjectKind, options?: ObjectListOptions): Promise<ObjectTable>
  get<T extends ApiObject = ApiObject>(place: ObjectPlace, options?: CallOptions): Promise<T | undefined>
  create<T extends ApiObject = ApiObject>(kind: ObjectKind, object: ApiObject, options?: WriteOptions): Promise<T>
  /** Server-side apply as the field manager `omni`. */
  apply<T extends ApiObject = ApiObject>(kind: ObjectKind, object: ApiObject, options?: WriteOptions): Promise<T>
  /** `merge`: a JSON merge patch; `json`: a list of operations. */
  patch<T extends ApiObject = ApiObject>(
    place: ObjectPlace,
    patch: unknown,
    options?: WriteOptions & {readonly type?: 'merge' | 'json' | 'strategic' | undefined},
  ): Promise<T>
  /** Asked for, not waited for; an absent one is no error. */
  remove(place: ObjectPlace, options?: DeleteOptions): Promise<void>
  /** Goes on over lost connections and versions that are gone, until the signal. */
  watch(kind: ObjectKind, options?: ObjectListOptions): AsyncIterable<WatchEvent>

  logs(pod: PodName, options?: PodLogOptions): Promise<NodeJS.ReadableStream>
  /** Resolves with the exit status of the program, also 126 and 127. */
  exec(pod: PodName, argv: readonly string[], options?: PodExecOptions): Promise<{readonly exitCode: number}>
  /** Joins the main program of a container. */
  attach(pod: PodName, options?: PodExecOptions): Promise<void>
  /**
   * `local` 0: a free port. A function instead of a pod is asked for each connection; what goes wrong with one is told to
   * `onProgress`.
   */
  forward(
    pod: PodName | (() => Promise<PodName>),
    ports: {readonly local: number; readonly remote: number; readonly host?: string | undefined},
    options?: CallOptions,
  ): Promise<PortForward>
}
