import type {Progress} from '../progress.ts'
import type {OutputFormat} from '../view.ts'
import {jsonProgress, plainProgress, silentProgress} from './plain.ts'

export interface ProgressOptions {
  readonly format: OutputFormat
  readonly quiet: boolean
  readonly stream: NodeJS.WriteStream
}

/** The display that suits: nothing with `--quiet`, JSON lines with jsonl, listr2 on a terminal, else plain lines. */
export async function openProgress({format, quiet, stream}: ProgressOptions): Promise<Progress> {
  const write = (line: string) => {
    stream.write(`${line}\n`)
  }
  if (quiet) return silentProgress()
  if (format === 'jsonl') return jsonProgress(write)
  // Some pseudo-terminals have no width; nothing can be laid out there.
  const isScreen = stream.isTTY === true && stream.columns > 0 && process.env.TERM !== 'dumb'
  if (!isScreen) return plainProgress(write)
  const {terminalProgress} = await import('./terminal.ts')
  return terminalProgress(stream)
}
