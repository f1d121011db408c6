/** An argument vector. There is no shell anywhere. */
export type Argv = readonly [string, ...string[]]

export interface ExecRequestOptions {
  readonly cwd?: string | undefined
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  readonly input?: string | Buffer | undefined
  /** Default 60 000. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onStdout?: ((chunk: Buffer) => void) | undefined
  readonly onStderr?: ((chunk: Buffer) => void) | undefined
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
