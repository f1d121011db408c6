import {Command, Flags} from '@oclif/core'
import type {Progress} from './progress.ts'
import type {Session} from './session.ts'
import {OUTPUT_FORMATS, type OutputFormat, type View} from './view.ts'

/**
 * Base of every command, ours and a plugin's: parse, ask a domain function, return a view. It alone maps errors to
 * text, JSON and exit status, turns Ctrl-C into an aborted `signal`, and renders.
 */
export abstract class BaseCommand extends Command {
  static override baseFlags = {
    output: Flags.option({char: 'o', options: OUTPUT_FORMATS, summary: 'output format', helpGroup: 'GLOBAL'})(),
    json: Flags.boolean({summary: 'same as --output json', helpGroup: 'GLOBAL'}),
    context: Flags.string({summary: 'context to use', helpGroup: 'GLOBAL', env: 'OMNI_CONTEXT'}),
    debug: Flags.boolean({summary: 'write what is done to stderr', helpGroup: 'GLOBAL', env: 'OMNI_DEBUG'}),
    quiet: Flags.boolean({char: 'q', summary: 'no progress, no hints', helpGroup: 'GLOBAL'}),
    'no-color': Flags.boolean({summary: 'no colours', helpGroup: 'GLOBAL'}),
  }

  /** Aborted by the first Ctrl-C or SIGTERM; a second one ends the process at once. */
  declare readonly signal: AbortSignal
  /** Format in force: flag, then OMNI_OUTPUT, then preference, then table. */
  declare readonly format: OutputFormat

  /** The work of the command. What it returns is rendered; `undefined` when it has streamed its output itself. */
  abstract override run(): Promise<View | undefined>

  /** Configuration, context and drivers; read on first use. */
  declare session: () => Promise<Session>
  /** Progress display on stderr that suits the terminal and `-o`. Closed by the base when the command ends. */
  declare progress: () => Promise<Progress>
  /** Asks on a terminal. Without one, or with `--output json`: USAGE that names `--yes`. With `yes` true: no question. */
  declare confirm: (question: string, options: {readonly yes: boolean}) => Promise<boolean>
  /** Writes data to stdout as it arrives (logs, events); honours back-pressure; a closed pipe ends the command quietly. */
  declare write: (text: string) => Promise<void>
  /** A hint or remark to stderr, unless `--quiet`. */
  declare notice: (text: string) => void
}
