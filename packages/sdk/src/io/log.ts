/** Constant message plus fields; values pass through `redact`. Written to stderr with `--debug`, else nowhere. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  /** True when nothing is written: fields that take time need not be made. */
  readonly isSilent?: boolean | undefined
}

export const silentLogger: Logger = {debug: () => undefined, isSilent: true}
