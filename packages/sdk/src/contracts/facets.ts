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
  readonly sizeBytes?: number | undefined
}

export interface SnapshotFacet {
  list(name: string, options?: CallOptions): Promise<SnapshotInfo[]>
  create(name: string, snapshot: string, options?: CallOptions): Promise<SnapshotInfo>
  restore(name: string, snapshot: string, options?: CallOptions): Promise<void>
  remove(name: string, snapshot: string, options?: CallOptions): Promise<void>
}

/** Copies bytes in and out; the path is absolute inside. */
export interface FileFacet {
  read(name: string, path: string, options?: CallOptions): Promise<NodeJS.ReadableStream>
  write(name: string, path: string, content: NodeJS.ReadableStream, options?: CallOptions): Promise<void>
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
