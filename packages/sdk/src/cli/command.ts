import type {Interfaces} from '@oclif/core'
import {Command} from '@oclif/core/command'
import * as Flags from '@oclif/core/flags'
import {isAbort, isOmniError, OmniError} from '../errors.ts'
import {escapeTerminalLine} from '../io/escape.ts'
import {throwIfAborted} from '../io/sleep.ts'
import {CommandFailed} from './command-failed.ts'
import {type Failure, failureOf, failureText, traceOf} from './failure.ts'
import {type Interrupts, trapInterrupts} from './interrupts.ts'
import {CLOSED_PIPE_EXIT, type Output, openOutput} from './output.ts'
import type {Progress} from './progress.ts'
import {canAsk} from './prompts.ts'
import {render} from './render/render.ts'
import {chooseFormat, requestedFormat} from './requested-format.ts'
import type {Session} from './session.ts'
import {type Paint, paintFor} from './style.ts'
import {OUTPUT_FORMATS, type OutputFormat, type View} from './view.ts'
import {withoutStdin} from './without-stdin.ts'

type Parsed = Interfaces.OutputFlags<Interfaces.FlagInput>

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

  readonly #interrupts: Interrupts
  readonly #output: Output
  #flags: Readonly<Record<string, unknown>> = {}
  /** Known once the words are parsed. */
  #format: OutputFormat | undefined
  #session: Promise<Session> | undefined
  #progress: Promise<Progress> | undefined

  constructor(...[argv, config]: ConstructorParameters<typeof Command>) {
    super(argv, config)
    this.#interrupts = trapInterrupts()
    this.#output = openOutput(process.stdout, (error) => this.#interrupts.abort(error))
  }

  /** The work of the command. What it returns is rendered; `undefined` when it has streamed its output itself. */
  abstract override run(): Promise<View | undefined>

  /** Aborted by the first Ctrl-C or SIGTERM; a second one ends the process at once. */
  get signal(): AbortSignal {
    return this.#interrupts.signal
  }

  /** Format in force: flag, then OMNI_OUTPUT, then preference, then table. */
  get format(): OutputFormat {
    return this.#format ?? requestedFormat(this.argv, process.env) ?? 'table'
  }

  /** Configuration, context and drivers; read on first use. */
  session(): Promise<Session> {
    this.#session ??= this.#openSession()
    return this.#session
  }

  /** Progress display on stderr that suits the terminal and `-o`. Closed by the base when the command ends. */
  progress(): Promise<Progress> {
    this.#progress ??= this.#openProgress()
    return this.#progress
  }

  /** Asks on a terminal. Without one, or with `--output json`: USAGE that names `--yes`. With `yes` true: no question. */
  async confirm(question: string, options: {readonly yes: boolean}): Promise<boolean> {
    if (options.yes) return true
    if (!canAsk() || !this.#isForPerson) {
      throw new OmniError('USAGE', `this needs a confirmation: ${question}`, {hint: 'the same command with --yes'})
    }
    const {askConfirm} = await import('./prompts.ts')
    return askConfirm(question, {signal: this.signal})
  }

  /** Writes data to stdout as it arrives (logs, events); honours back-pressure; a closed pipe ends the command quietly. */
  async write(text: string): Promise<void> {
    await this.#closeProgress()
    await this.#output.write(text)
  }

  /** Renders a view now; for `--watch`, which shows many. */
  async show(view: View): Promise<void> {
    await this.#closeProgress()
    await this.#render(view)
  }

  /** A hint or remark to stderr, unless `--quiet`. */
  notice(text: string): void {
    if (this.#flags.quiet !== true) this.#tell(text)
  }

  /** Value of `--context`. A command whose flag of that name means something else says so here. */
  protected get wantedContext(): string | undefined {
    return textOf(this.#flags.context)
  }

  get #isForPerson(): boolean {
    return this.format === 'table' || this.format === 'wide'
  }

  get #isDebug(): boolean {
    return (
      this.#flags.debug === true ||
      this.argv.includes('--debug') ||
      /^(1|y|yes|true)$/i.test(process.env.OMNI_DEBUG ?? '')
    )
  }

  protected override async parse<F extends Parsed, B extends Parsed, A extends Parsed>(
    options?: Interfaces.Input<F, B, A>,
    argv?: string[],
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    const result = await super.parse(options && withoutStdin(options), argv)
    refuseEmpty(result.flags)
    this.#flags = result.flags
    this.#format = await chooseFormat(this.#flags, process.env)
    return result
  }

  protected override async _run<T>(): Promise<T> {
    let failure: Error | undefined
    // Nothing is left to wait for and the work is not done: Node would end with 0.
    const onUnsettled = () => {
      this.catch(new Error('the command stopped before its work was done')).catch(() => undefined)
    }
    process.once('beforeExit', onUnsettled)
    try {
      await this.init()
      const view = await this.run()
      throwIfAborted(this.signal)
      await this.#closeProgress()
      if (view !== undefined) await this.#render(view)
      await this.#output.flush()
      // Whoever runs the command sees the view; it is ours, whatever oclif's type parameter says.
      return view as T
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error))
      return await this.catch(error)
    } finally {
      process.off('beforeExit', onUnsettled)
      this.#interrupts[Symbol.dispose]()
      await this.finally(failure)
    }
  }

  /** Tells the error on stderr, and with `-o json|yaml|jsonl` as one JSON object on stdout; sets the exit status. */
  protected override async catch(error: unknown): Promise<never> {
    await this.#closeProgress().catch(() => undefined)
    const failure = this.#failureOf(error)
    process.exitCode = failure.exit
    if (!failure.isSilent) {
      const trace = this.#isDebug ? traceOf(error, failure) : undefined
      process.stderr.write(failureText(failure, this.#paint(process.stderr), trace))
      await this.#writeFailure(failure)
    }
    throw new CommandFailed(failure, error)
  }

  #failureOf(error: unknown): Failure {
    const {failure} = this.#output
    if (failure?.code === 'EPIPE') {
      return {exit: CLOSED_PIPE_EXIT, body: {code: 'EPIPE', message: 'stdout was closed'}, isSilent: true, isBug: false}
    }
    // What an interrupted command tells of its work says more than the bare reason.
    const isTold = isOmniError(error) && isAbort(error)
    const cause = this.signal.aborted && !isTold ? this.signal.reason : error
    const flags = {...this.ctor.baseFlags, ...this.ctor.flags}
    return failureOf(cause, {
      name: [this.config.bin, ...(this.id ?? '').split(':')].join(' ').trim(),
      flags: Object.keys(flags).map((name) => `--${name}`),
    })
  }

  async #writeFailure(failure: Failure): Promise<void> {
    const isTold = this.#isForPerson || this.format === 'name'
    // A document that has begun cannot be repaired; a line more is fine in a file of lines.
    if (isTold || (this.#output.isUsed && this.format !== 'jsonl')) return
    const {toJson} = await import('./render/data.ts')
    await this.#output.write(`${toJson({error: failure.body}, 0)}\n`).catch(() => undefined)
  }

  async #render(view: View): Promise<void> {
    await render(view, {
      format: this.format,
      paint: this.#paint(process.stdout),
      maxWidth: (process.stdout.isTTY && process.stdout.columns) || undefined,
      write: (text) => this.#output.write(text),
      notice: (text) => this.notice(text),
    })
    if (view.type === 'item' && view.exitCode !== undefined && view.exitCode !== 0) process.exitCode = view.exitCode
  }

  #paint(stream: NodeJS.WriteStream): Paint {
    return paintFor(stream, process.env, this.#flags['no-color'] === true || this.argv.includes('--no-color'))
  }

  #tell(text: string): void {
    process.stderr.write(`${text.split('\n').map(escapeTerminalLine).join('\n')}\n`)
  }

  async #openProgress(): Promise<Progress> {
    const {openProgress} = await import('./progress/open.ts')
    return openProgress({format: this.format, quiet: this.#flags.quiet === true, stream: process.stderr})
  }

  async #closeProgress(): Promise<void> {
    const progress = this.#progress
    this.#progress = undefined
    await (await progress)?.close()
  }

  async #openSession(): Promise<Session> {
    const {openSession} = await import('./open-session.ts')
    return openSession({
      plugins: this.config.plugins?.values() ?? [],
      context: this.wantedContext,
      namespace: textOf(this.#flags.namespace),
      provider: textOf(this.#flags.provider),
      isDebug: this.#isDebug,
      notice: (text) => this.notice(text),
      signal: this.signal,
    })
  }
}

/** An unset variable of a script (`--context "$CONTEXT"`) must not end up somewhere else. */
function refuseEmpty(flags: Readonly<Record<string, unknown>>): void {
  for (const name of ['context', 'provider', 'namespace']) {
    // An empty OMNI_* variable is the same as none.
    if (flags[name] !== '' || process.env[`OMNI_${name.toUpperCase()}`] === '') continue
    throw new OmniError('USAGE', `--${name} is empty`)
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
