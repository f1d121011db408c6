import {OmniError} from '../errors.ts'
import type {CallOptions} from './collection.ts'

/** One line of output. `text` has no line end. */
export interface LogLine {
  /** RFC 3339, UTC. */
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  /** Which replica wrote it, e.g. `web-2`. */
  readonly replica: string
  readonly text: string
}

export interface LogOptions extends CallOptions {
  /** Last N lines of each replica. Default: all that is kept. */
  readonly tail?: number | undefined
  /** RFC 3339; older lines are left out. */
  readonly since?: string | undefined
  /** Keep the stream open for new lines. Default false. */
  readonly follow?: boolean | undefined
  /** Only this replica, by name (`web-2`) or index (`2`). */
  readonly replica?: string | undefined
}

/** Lines of all replicas, merged by time. */
export interface LogFacet {
  read(name: string, options?: LogOptions): AsyncIterable<LogLine>
  /** The same, several at once: for those who read many. Absent: only one by one. */
  pieces?(name: string, options?: LogOptions): AsyncIterable<readonly LogLine[]>
}

export interface ExecOptions extends CallOptions {
  readonly replica?: string | undefined
  /** May return a promise: no more is read until it has resolved. */
  readonly onStdout?: ((chunk: Buffer) => unknown) | undefined
  readonly onStderr?: ((chunk: Buffer) => unknown) | undefined
  readonly stdin?: NodeJS.ReadableStream | undefined
  /** Environment in addition to what the program gets anyway. */
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly cwd?: string | undefined
  /** Number or name of the user inside. Default: the provider's own, mostly root. */
  readonly user?: string | undefined
  /** A terminal inside; stdout and stderr come as one. Default: none. */
  readonly terminal?: ExecTerminal | undefined
}

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

export interface ExecTerminal {
  readonly size: TerminalSize
  /** Calls back for each new size until the returned function is called. */
  onResize(listener: (size: TerminalSize) => void): () => void
}

/** Runs a program inside; resolves with its own exit status, also 126 and 127. */
export interface ExecFacet {
  run(name: string, argv: readonly string[], options?: ExecOptions): Promise<{readonly exitCode: number}>
}

export interface SnapshotInfo {
  readonly name: string
  readonly createdAt: string
  /** RFC 3339; absent: kept until it is removed. */
  readonly expiresAt?: string | undefined
  readonly sizeBytes?: number | undefined
}

export interface SnapshotOptions extends CallOptions {
  /** RFC 3339; the backend removes it then by itself. Given only where the facet `canExpire`. */
  readonly expiresAt?: string | undefined
}

/** `restore` leaves a machine that ran running, and a stopped one stopped. CONFLICT for a snapshot that exists. */
export interface SnapshotFacet {
  /** `create` honours `expiresAt`. Default false. */
  readonly canExpire?: boolean | undefined
  /** The machine must be stopped for it: the caller stops and starts it, when told to. Default false. */
  readonly needsStop?: boolean | undefined
  list(name: string, options?: CallOptions): Promise<SnapshotInfo[]>
  create(name: string, snapshot: string, options?: SnapshotOptions): Promise<SnapshotInfo>
  restore(name: string, snapshot: string, options?: CallOptions): Promise<void>
  remove(name: string, snapshot: string, options?: CallOptions): Promise<void>
}

/** One thing in a file system. */
export interface FileEntry {
  /** Name in its folder, or the path that was asked for. */
  readonly name: string
  readonly type: 'file' | 'directory' | 'symlink' | 'other'
  /** Permission bits, e.g. 0o644. */
  readonly mode?: number | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly sizeBytes?: number | undefined
  /** Where a symlink leads, as it is written. */
  readonly target?: string | undefined
}

export interface FileWriteOptions extends CallOptions {
  /** Permission bits of the file afterwards. Default: those it has, 0o644 for a new one. */
  readonly mode?: number | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  /** Length of the content, when it is known. */
  readonly sizeBytes?: number | undefined
}

/** Files of a machine; every path is absolute inside. NOT_FOUND for what is not there. */
export interface FileFacet {
  read(name: string, path: string, options?: CallOptions): Promise<NodeJS.ReadableStream>
  /** Replaces the file as a whole; the folder must exist. */
  write(name: string, path: string, content: NodeJS.ReadableStream, options?: FileWriteOptions): Promise<void>
  /** Undefined when nothing is there. A symlink is told as itself. */
  stat(name: string, path: string, options?: CallOptions): Promise<FileEntry | undefined>
  /** What is in a folder, without `.` and `..`. */
  list(name: string, path: string, options?: CallOptions): Promise<FileEntry[]>
  /** One that exists already is no error. Its parent must exist. */
  makeFolder(name: string, path: string, options?: CallOptions & {readonly mode?: number | undefined}): Promise<void>
  /** CONFLICT when something is there. */
  makeSymlink(name: string, path: string, target: string, options?: CallOptions): Promise<void>
}

export interface OmniEvent {
  /** Grows by one for each event of a server; resume with `since`. */
  readonly id: number
  readonly time: string
  /** What it is about: `service/web`. */
  readonly ref: string
  /** Dotted, e.g. `replica.exited`, `release.failed`. */
  readonly type: string
  readonly message: string
  readonly details?: unknown
}

export interface EventOptions extends CallOptions {
  /** Only events after this id. */
  readonly since?: number | undefined
  readonly follow?: boolean | undefined
  /** Only events about this `KIND/NAME`. */
  readonly ref?: string | undefined
}

export interface EventFacet {
  read(options?: EventOptions): AsyncIterable<OmniEvent>
}

export interface ForwardOptions extends CallOptions {
  readonly replica?: string | undefined
  /** Default 127.0.0.1. */
  readonly host?: string | undefined
  /** Told when the replica behind it is lost and when there is one again. */
  readonly onChange?: ((note: string) => void) | undefined
}

/** Ports of replicas, reachable from this machine. */
export interface ForwardFacet {
  /**
   * @param ports `local` 0: a free one. `remote` absent: the port that answers requests.
   * @returns once it accepts connections. It goes on when its replica is exchanged, until it is disposed of.
   */
  open(
    name: string,
    ports: {readonly local: number; readonly remote?: number | undefined},
    options?: ForwardOptions,
  ): Promise<AsyncDisposable & {readonly address: string; readonly replica: string}>
}

type FacetsOf<Provider> = {
  [K in keyof Provider]-?: undefined extends Provider[K]
    ? NonNullable<Provider[K]> extends (...args: never[]) => unknown
      ? never
      : K
    : never
}[keyof Provider]

/**
 * The facet, or UNSUPPORTED. Facets are whole or absent: there are no "not supported" stubs.
 * @param havers names of drivers that have it, for the message
 */
export function requireFacet<P extends {readonly name: string}, K extends FacetsOf<P> & string>(
  provider: P,
  facet: K,
  havers: readonly string[] = [],
): NonNullable<P[K]> {
  const found = provider[facet]
  if (found === undefined || found === null) {
    const others = havers.filter((name) => name !== provider.name)
    throw new OmniError('UNSUPPORTED', `'${provider.name}' has no ${facet}`, {
      hint:
        others.length === 0 ? 'omni provider list' : `drivers that have it: ${others.join(', ')} (omni provider list)`,
    })
  }
  return found
}
