/** An argument vector. There is no shell anywhere. */
export type Argv = readonly [string, ...string[]]

export interface ExecRequestOptions {
  readonly cwd?: string | undefined
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Standard input; a stream as fast as the program reads. Default: none. */
  readonly input?: string | Buffer | NodeJS.ReadableStream | undefined
  /** Default 60 000. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** May return a promise: no more is read until it has resolved. */
  readonly onStdout?: ((chunk: Buffer) => unknown) | undefined
  readonly onStderr?: ((chunk: Buffer) => unknown) | undefined
  /** False: what is handed to `onStdout` and `onStderr` is not in the result, and of any length. Default true. */
  readonly keepsOutput?: boolean | undefined
  /** The program gets the standard streams, and so the terminal, of this process. Default false. */
  readonly isAttached?: boolean | undefined
}

export interface ExecResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program to its end. A non-zero exit is a result, not an error.
 * NOT_FOUND when the program does not exist, TIMEOUT, ABORTED.
 */
export type Exec = (argv: Argv, options?: ExecRequestOptions) => Promise<ExecResult>
