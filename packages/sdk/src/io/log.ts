/** Constant message plus fields; values pass through `redact`. Written to stderr with `--debug`, else nowhere. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
}

export const silentLogger: Logger = {debug: () => undefined}
