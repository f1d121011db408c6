/** What foreign code did that it should not, while it was being imported. */
export interface GuardReport {
  readonly warnings: readonly string[]
  readonly printed: string
}

/**
 * Runs work that imports code of plugins: what they print does not get to stdout, what they warn of is collected, and
 * `process.exit` throws. The report fills up meanwhile, and is complete when the promise is settled.
 */
export async function guarded<T>(work: (report: GuardReport) => Promise<T>): Promise<T> {
  const {emitWarning, exit} = process
  const {write} = process.stdout
  const warnings: string[] = []
  const report = {warnings, printed: ''}
  // oclif passes the error where Node takes options.
  process.emitWarning = (warning: string | Error, options?: unknown) => {
    const error = options instanceof Error ? options : warning
    warnings.push(firstLine(error instanceof Error ? error.message : error))
  }
  process.stdout.write = (chunk: string | Uint8Array) => {
    report.printed += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
    return true
  }
  process.exit = () => {
    throw new Error('ends the process while it is imported')
  }
  try {
    return await work(report)
  } finally {
    process.emitWarning = emitWarning
    process.stdout.write = write
    process.exit = exit
  }
}

export const firstLine = (text: string): string => text.split('\n', 1)[0] ?? ''
