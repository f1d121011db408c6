import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, parseLabels, type View} from '@omni-cli/sdk/cli'
import {execFailure} from '../apps/exec-failure.ts'
import {choose} from '../machines/choose.ts'
import {execInAll, execInOne} from '../machines/exec.ts'
import {execWords, parseVariables, splitAtDashes} from '../machines/exec-words.ts'
import {instanceKind} from '../resources/instance.ts'

/**
 * `-o json`: `{exitCode, stdout, stderr, truncated?}`; of several an array of `{instance, exitCode, stdout, stderr,
 * truncated?, error?}`. `truncated` is true when stdout or stderr was longer than 1 MiB, of which the beginning is there.
 */
export default class Exec extends BaseCommand {
  static override summary = 'run a program inside a service or instances'
  static override description =
    "In a service the program gets the environment and folder of the replica; on a terminal it gets a terminal of its own, and without a program it is a shell. In an instance one word with blanks is a line for its shell. In several instances it runs at the same time, and each line stands behind the name of its instance. The exit status is the program's, of several the worst: 126 and 127 when it cannot be started, 128 + n for a signal. 125 means that omni itself failed, and stderr says why."
  static override examples = [
    '<%= config.bin %> exec service web',
    '<%= config.bin %> exec web --replica 1 -- node --version',
    '<%= config.bin %> exec db --stdin -- psql < dump.sql',
    "<%= config.bin %> exec worker-1 'df -h / | tail -1'",
    "<%= config.bin %> exec --label role=worker 'uptime'",
    '<%= config.bin %> exec worker-1 worker-2 --user app --output json -- cat /etc/hostname',
  ]
  static override strict = false
  static override usage = 'exec [service] NAME | NAME [--] CMD... | NAME... -- CMD... | --label KEY=VALUE CMD...'
  static override flags = {
    replica: flag.replica,
    tty: Flags.boolean({
      char: 't',
      allowNo: true,
      summary: 'give the program a terminal (default: when stdin and stdout are one)',
    }),
    stdin: Flags.boolean({char: 'i', summary: 'pass stdin on; with a terminal it always is'}),
    label: flag.labels,
    all: Flags.boolean({summary: 'in every instance'}),
    parallel: Flags.integer({summary: 'in how many instances at the same time', default: 16, min: 1, max: 256}),
    user: Flags.string({summary: 'number or name of the user inside an instance', helpValue: 'USER'}),
    cwd: Flags.string({summary: 'folder inside an instance', helpValue: 'PATH'}),
    env: Flags.string({
      char: 'e',
      summary: 'variable for the program in an instance; repeatable',
      helpValue: 'KEY=VALUE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    provider: flag.provider,
    namespace: flag.namespace,
  }

  async run(): Promise<View | undefined> {
    const {before, program} = splitAtDashes(this.argv)
    const {argv, flags} = await this.parse(Exec, [...before])
    const labels = flags.label === undefined ? undefined : parseLabels(flags.label)
    const isSelector = labels !== undefined || flags.all
    const words = execWords(argv.map(String), program, isSelector)
    const env = flags.env === undefined ? undefined : parseVariables(flags.env)
    const {signal} = this
    const selection = {words: words.targets, labels, all: flags.all}
    const chosen = await choose(await this.session(), selection, {
      signal,
      ...(isSelector ? {kinds: [instanceKind]} : {}),
    })
    const {stdin, stdout, stderr} = process
    const isColoured = stdout.isTTY === true && !flags['no-color'] && !process.env.NO_COLOR
    const isData = !['table', 'wide', 'name'].includes(this.format)
    const {replica, tty, user, cwd, parallel} = flags
    const request = {
      program: words.program,
      choice: {replica, tty, stdin: flags.stdin, isData, inside: {user, cwd, env}},
      around: {stdin, stdout, stderr, signal, isColoured},
      parallel,
      notice: (text: string) => this.notice(text),
    }
    const [first, ...others] = chosen
    const isOne = !isSelector && first !== undefined && others.length === 0
    const {exitCode, view} = await (isOne ? execInOne(first, request) : execInAll(chosen, request))
    process.exitCode = exitCode
    return view
  }

  protected override async catch(error: unknown): Promise<never> {
    try {
      return await super.catch(error)
    } catch (failure) {
      throw execFailure(failure)
    }
  }
}
