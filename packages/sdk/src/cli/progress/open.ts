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
  if (stream.isTTY !== true || process.env.TERM === 'dumb') return plainProgress(write)
  const {terminalProgress} = await import('./terminal.ts')
  return terminalProgress(stream)
}
